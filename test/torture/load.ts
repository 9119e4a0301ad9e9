export async function load(_say: (line: string) => void, _seconds: number): Promise<void> {}
