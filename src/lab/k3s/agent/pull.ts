import type { Value } from '../api/object.ts'
import type { ImageStore } from './images.ts'

/** A trouble that a container waits in, as its status shows it. */
export class Trouble extends Error {
  readonly reason: string
  constructor(reason: string, message: string) {
    super(message)
    this.reason = reason
  }
}

/** Makes sure that a container's image is there, by its pull policy. True when it was pulled. */
export async function pullFor(images: ImageStore, { image, imagePullPolicy }: Value): Promise<boolean> {
  const isHere = images.digest(image) !== undefined
  if (imagePullPolicy === 'Never' && !isHere)
    throw new Trouble(
      'ErrImageNeverPull',
      `Container image "${image}" is not present with pull policy of Never`,
    )
  if (imagePullPolicy === 'Never' || (imagePullPolicy === 'IfNotPresent' && isHere)) return false
  try {
    await images.pull(image)
    return true
  } catch (error) {
    throw new Trouble('ErrImagePull', (error as Error).message)
  }
}
