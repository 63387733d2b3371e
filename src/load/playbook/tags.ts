/** Tags with a meaning of their own. */
export const SPECIAL_TAGS = ['all', 'tagged', 'untagged', 'always', 'never']

export interface TagChoice {
  /** Empty means all but `never`. */
  tags: string[]
  skipTags: string[]
}

/** Whether a step with these tags runs, decided as Ansible does. */
export function isChosen(stepTags: string[], { tags, skipTags }: TagChoice): boolean {
  const own = stepTags.length === 0 ? ['untagged'] : stepTags
  const wanted = tags.length === 0 ? ['all'] : tags
  return isWanted(own, wanted) && !isSkipped(own, skipTags)
}

function isWanted(own: string[], wanted: string[]): boolean {
  if (own.includes('always') || own.some((tag) => wanted.includes(tag))) return true
  if (own.includes('never')) return false
  return wanted.includes('all') || (wanted.includes('tagged') && !own.includes('untagged'))
}

function isSkipped(own: string[], skipped: string[]): boolean {
  if (skipped.includes('all')) return !own.includes('always') || skipped.includes('always')
  return own.some((tag) => skipped.includes(tag)) || (skipped.includes('tagged') && !own.includes('untagged'))
}
