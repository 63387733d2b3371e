import { SecretError } from './secreterror.ts'

type Ask = (question: string) => Promise<string>

let ask: Ask | undefined
let silence = 'there is no terminal'
let last: Promise<unknown> = Promise.resolve()
const answers = new Map<string, Promise<string>>()

/** Says how the user is asked, or why nobody can be. */
export function askSecretsWith(way: Ask | string): void {
  last = Promise.resolve()
  ask = typeof way === 'string' ? undefined : way
  silence = typeof way === 'string' ? way : ''
}

export function canAsk(): boolean {
  return ask !== undefined
}

/** Asks once for each question, one question at a time; the answer is not shown. Throws SecretError when nobody can be asked. */
export function askSecret(question: string, otherwise: string): Promise<string> {
  const way = ask
  const known = answers.get(question)
  if (known !== undefined) return known
  if (way === undefined)
    return Promise.reject(new SecretError(`'${question}' can't be asked for: ${silence}`, otherwise))
  const answer = last.then(() => way(`${question}: `))
  // Whoever gives up at one question is not asked the next.
  last = answer
  answer.catch(() => undefined)
  answers.set(question, answer)
  return answer
}

/** The answer was wrong: the next time it is asked for again. */
export function forgetAnswer(question: string): void {
  answers.delete(question)
}
