import type { Value } from '../api/object.ts'
import type { CassandraNode } from '../cassandra/node.ts'
import type { Rings } from '../cassandra/rings.ts'
import type { Runtime } from '../container/runtime.ts'
import type { Host } from '../host.ts'
import type { Addresses } from './addresses.ts'
import type { Client } from './client.ts'
import type { ImageStore } from './images.ts'

/** What everything on one node works with. */
export interface NodeParts {
  client: Client
  host: Host
  images: ImageStore
  addresses: Addresses
  /** Undefined where no processes can be put into namespaces: then pods only look as if they ran. */
  runtime: Runtime | undefined
  rings: Rings
  /** The nodes of Cassandra that this node's containers are, by the container's id. */
  cassandras: Map<string, CassandraNode>
  /** All pods of this node. */
  pods: () => Value[]
}
