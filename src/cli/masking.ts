import { processSecrets } from '../base/redact.ts'

/**
 * The last gate: no secret of a playbook leaves in a text, whoever writes it. Documents for programs are masked where
 * they are made, value by value: here a secret like "1234" would break their syntax.
 */
export function maskOutput(stream: NodeJS.WriteStream): void {
  const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean
  const masked = (chunk: unknown, ...rest: unknown[]): boolean =>
    write(typeof chunk === 'string' && !/^[[{]/.test(chunk) ? processSecrets.mask(chunk) : chunk, ...rest)
  stream.write = masked as typeof stream.write
}
