// The part of JSON Schema that our schemas use: whether a value is what a schema says. A keyword that is not known here is an error,
// so that no schema says more than is checked.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Schema {
  readonly [keyword: string]: unknown;
}

/** A schema of src, by its path there. */
export const schemaOf = (path: string): Schema =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../../../src', path), 'utf8')) as Schema;

const SILENT = ['$schema', '$defs', 'title', 'description', 'properties', 'required', 'additionalProperties'];

const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;

/** What is wrong with a value, each with its place; none if it is as the schema says. */
export function violations(value: unknown, schema: Schema, root: Schema = schema, at = '$'): string[] {
  const found: string[] = [];
  for (const [keyword, wanted] of Object.entries(schema)) {
    switch (keyword) {
      case '$ref': {
        const target = (root.$defs as Record<string, Schema>)[String(wanted).replace('#/$defs/', '')];
        if (target === undefined) throw new Error(`${String(wanted)} leads nowhere`);
        found.push(...violations(value, target, root, at));
        break;
      }
      case 'type':
        if (![wanted].flat().includes(typeOf(value))) found.push(`${at} is ${typeOf(value)}, not ${[wanted].flat().join(' or ')}`);
        break;
      case 'enum':
        if (!(wanted as unknown[]).includes(value)) found.push(`${at} is '${String(value)}'`);
        break;
      case 'minimum':
        if (typeof value === 'number' && value < Number(wanted)) found.push(`${at} is ${value}`);
        break;
      case 'items':
        if (Array.isArray(value)) found.push(...value.flatMap((each, i) => violations(each, wanted as Schema, root, `${at}[${i}]`)));
        break;
      case 'oneOf': {
        const each = (wanted as Schema[]).map((one) => violations(value, one, root, at));
        if (each.filter((problems) => problems.length === 0).length !== 1) found.push(`${at}: ${each.flat().join('; ')}`);
        break;
      }
      default:
        if (!SILENT.includes(keyword)) throw new Error(`${at}: the keyword ${keyword} is not known here`);
    }
  }
  if (typeOf(value) !== 'object' || schema.properties === undefined) return found;
  const { properties, required = [], additionalProperties } = schema;
  const object = value as Record<string, unknown>;
  for (const [key, each] of Object.entries(object)) {
    const own = (properties as Record<string, Schema>)[key];
    if (own !== undefined) found.push(...violations(each, own, root, `${at}.${key}`));
    else if (additionalProperties === false) found.push(`${at}.${key} is not in the schema`);
  }
  for (const key of required as string[]) if (!(key in object)) found.push(`${at}.${key} is missing`);
  return found;
}
