declare module 'nunjucks/src/parser.js' {
  /** Node of a parsed template; lines and columns count from 0. */
  export interface Node {
    typename: string
    fields: string[]
    lineno: number
    colno: number
    [field: string]: any
  }
  const parser: { parse(source: string, extensions: unknown[], options: { trimBlocks?: boolean }): Node }
  export default parser
}
