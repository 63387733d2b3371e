import { columnsOf } from './columns.ts'
import type { Kind } from './kinds.ts'
import type { KubeObject, Value } from './object.ts'

/** Rows as kubectl prints them. `include` says how much of each object goes along: Metadata, Object or None. */
export function asTable(kind: Kind, items: KubeObject[], resourceVersion: string, include: string): Value {
  const columns = columnsOf(kind)
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion },
    columnDefinitions: columns.map(({ name, type = 'string', wide = false }) => ({
      name,
      type,
      format: name === 'Name' ? 'name' : '',
      description: '',
      priority: wide ? 1 : 0,
    })),
    rows: items.map((item) => ({
      cells: columns.map((column) => column.cell(item)),
      ...(include === 'None' ? {} : { object: include === 'Object' ? item : onlyMetadata(item) }),
    })),
  }
}

const onlyMetadata = (item: KubeObject) => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata: item.metadata,
})
