import type { Place } from '../core/place.ts'

/** A step of a playbook, or a key of one, that may be written in Ansible's words; what became of it. */
export interface Spelling {
  place: Place
  /** As the user wrote it: ansible.builtin.apt, with_items. */
  written: string
  /** Our word for it; undefined: it does not carry over, and a diagnostic says why. */
  as?: string
  /** Whether it is a step, and not one of its keys. */
  step?: true
  /** Whether it is written in Ansible's words. */
  foreign: boolean
  /** What is not quite the same here. */
  notes: string[]
}
