import { defineMappingTag, defineScalarTag } from 'js-yaml'

/** A value tagged `!secret` as the parser hands it on. */
export class TaggedSecret {
  readonly content: string | Map<string, unknown>
  constructor(content: string | Map<string, unknown>) {
    this.content = content
  }
}

export const SECRET_TAG = '!secret'

const scalar = defineScalarTag(SECRET_TAG, {
  resolve: (source) => new TaggedSecret(source),
  identify: () => false,
})

const mapping = defineMappingTag<Map<string, unknown>, TaggedSecret>(SECRET_TAG, {
  create: () => new Map(),
  addPair: (carrier, key, value) => {
    if (typeof key !== 'string') return 'the keys of a secret must be text'
    carrier.set(key, value)
    return ''
  },
  has: (carrier, key) => typeof key === 'string' && carrier.has(key),
  // A secret is a value: there is nothing in it to merge.
  keys: () => [],
  get: () => undefined,
  finalize: (carrier) => new TaggedSecret(carrier),
  identify: () => false,
})

export const SECRET_TAGS = [scalar, mapping]
