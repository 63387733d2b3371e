import { type Document, readYaml } from '../yaml/yaml.ts'

/** Reads a file of the user's as data, by its name in YAML or in TypeScript; see readYaml. */
export async function readDocument(file: string, missing?: string): Promise<Document> {
  // Most programs have no TypeScript of their own.
  return file.endsWith('.ts')
    ? (await import('./tsdocument.ts')).readTypeScript(file)
    : readYaml(file, missing)
}
