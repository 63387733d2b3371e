import { pointerKey } from '../yaml/plaindata.ts'
import type { Origin } from './spot.ts'
import type { VarLayer, VarLevel } from '../program.ts'
import type { VarsFile } from '../varsfile.ts'

/** Variables as they are written together in one place. */
export function layerOf(level: VarLevel, title: string, { vars, placeOf }: Omit<VarsFile, 'file'>): VarLayer {
  return { level, title, vars, placeOf }
}

/** Where the variables of a file are written; what a role brings is weaker than what blocks around it say. */
export function addOrigins(origins: Map<string, Origin>, under: string, file: VarsFile): void {
  for (const name of Object.keys(file.vars)) {
    const key = `${under}/${pointerKey(name)}`
    if (!origins.has(key)) origins.set(key, () => file.placeOf(name))
  }
}

/** Layers from the weakest to the strongest. */
export function inOrder(layers: VarLayer[]): VarLayer[] {
  const weakest = layers.filter(({ level }) => level === 'role defaults')
  return [...weakest, ...layers.filter((one) => !weakest.includes(one))]
}
