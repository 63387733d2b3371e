import { fileURLToPath } from 'node:url'

/** Path of a playbook that comes with the program. */
export function ownPlaybook(name: string): string {
  return fileURLToPath(new URL(`../../playbooks/${name}`, import.meta.url))
}
