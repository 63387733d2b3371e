/** What a program said and how it ended. */
export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

export const said = (stdout: string): Outcome => ({ code: 0, stdout, stderr: '' })

/** A call that Cassandra refuses, as nodetool prints it. */
export const refused = (message: string, type = 'UnsupportedOperationException'): Outcome => ({
  code: 2,
  stdout: '',
  stderr: `error: ${message}\n-- StackTrace --\njava.lang.${type}: ${message}\n\tat org.apache.cassandra.service.StorageService.simulated(StorageService.java)\n`,
})

/** A command line that nodetool does not take. */
export const misused = (message: string): Outcome => ({
  code: 1,
  stdout: '',
  stderr: `nodetool: ${message}\nSee 'nodetool help' or 'nodetool help <command>'.\n`,
})
