/**
 * Has V8 optimise only what is really hot: a run of many hosts does not earn back what that costs (measured with 100: a
 * tenth of the computing time and 8 MB; nothing with 15). Called once the program is loaded: with another set of flags
 * V8 would reject its code cache, ours and that of Node's own modules.
 */
export async function optimiseLess(hosts: number): Promise<void> {
  if (hosts < 50 || !/^1[12]\./.test(process.versions.v8)) return
  const { setFlagsFromString } = await import('node:v8')
  setFlagsFromString('--interrupt-budget=3000000')
}
