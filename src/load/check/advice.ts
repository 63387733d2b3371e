import type { Diagnostic } from '../../core/place.ts'
import { bareNames } from './barenames.ts'
import { duplicateNames } from './duplicatenames.ts'
import type { Program } from '../program.ts'
import { unreachable } from './unreachable.ts'
import { unusedVariables } from './unusedvars.ts'

/** What is allowed in a program without mistakes, but hardly meant. */
export function advise(program: Program): Diagnostic[] {
  return [
    ...unreachable(program),
    ...unusedVariables(program),
    ...duplicateNames(program),
    ...bareNames(program),
  ]
}
