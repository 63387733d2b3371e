/** All that the module `provision` gives to tasks and playbooks in TypeScript. */

export { quote, quoteAll, sh } from '../base/shell.ts'
export { TaskError } from '../core/errors.ts'
export type { Json, JsonObject } from '../core/json.ts'
export {
  type Action,
  type Args,
  type ArgsSchema,
  type Change,
  defineTask,
  type Diff,
  type Effect,
  effect,
  type Facts,
  type LocalDirectory,
  type LocalFile,
  type Output,
  type Probe,
  type Probes,
  type Put,
  type Reboot,
  type ResultSchema,
  type Run,
  type Task,
  type WaitFor,
} from '../core/task.ts'
export { passwordProbe, type UserFact, userProbe } from '../probe/accounts.ts'
export { absolutePath, fileArguments } from '../probe/arguments.ts'
export { succeeds } from '../probe/commands.ts'
export { editableText, planFile, type WantedFile } from '../probe/filechange.ts'
export { type FileFact, fileProbe } from '../probe/files.ts'
export { sysctlProbe } from '../probe/kernel.ts'
export { type MountFact, mountProbe } from '../probe/mounts.ts'
export { type PackageFact, packageProbe } from '../probe/packages.ts'
export { type UnitFact, unitProbe } from '../probe/units.ts'
export { definePlaybook, defineSteps, type Playbook, type Steps } from './playbook.ts'
export { checkTask } from './trial.ts'

/**
 * Own tasks by name, for playbooks in TypeScript to know their arguments. A task's file joins in with
 * `declare module 'provision' { interface OwnTasks { NAME: typeof task } }`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- it is filled from outside
export interface OwnTasks {}
