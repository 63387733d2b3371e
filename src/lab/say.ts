/** A line of progress. */
export interface LabLine {
  /** Absent when it is about the lab as a whole. */
  host?: string
  text: string
}

export type Say = (line: LabLine) => void
