// Where the compiled program lies. All questions of that kind are asked here: in the bundle every module has the place of this one.

/** The folder of main.js and of all rooms, as a URL that ends with a slash. */
export const MODULE_FOLDER = new URL('../', import.meta.url);
