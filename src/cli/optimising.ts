import { setFlagsFromString } from 'node:v8'

/**
 * Has V8 optimise only what is really hot: a run of many hosts does not earn back what that costs (measured with 100: a
 * tenth of the computing time and 8 MB; nothing with 15). Called once the program is loaded: with another set of flags
 * V8 would reject its code cache, ours and that of Node's own modules.
 */
export function optimiseLess(hosts: number): void {
  if (hosts < 50 || !/^1[12]\./.test(process.versions.v8)) return
  setFlagsFromString('--interrupt-budget=3000000')
}
