import type { User } from './auth.ts'
import { clusterRoleBindings, clusterRoles, roleBindings, roles } from './kinds.ts'
import type { KubeObject, Value } from './object.ts'
import { ApiError } from './status.ts'
import type { Store } from './store.ts'

/** One access to be judged. `resource` may carry a subresource: `pods/log`. */
export interface Access {
  verb: string
  group: string
  resource: string
  namespace?: string
  name?: string
}

const has = (list: string[] | undefined, value: string) =>
  list?.includes('*') === true || list?.includes(value) === true

export function isAllowed(store: Store, user: User, access: Access): boolean {
  // Nodes are trusted with everything here; the real ones are held to their own objects.
  if (user.groups.includes('system:masters') || user.groups.includes('system:nodes')) return true
  const bindings = [
    ...store.list(clusterRoleBindings),
    ...(access.namespace === undefined ? [] : store.list(roleBindings, access.namespace)),
  ]
  return bindings
    .filter((binding) => (binding.subjects ?? []).some((subject: Value) => isSubject(subject, user)))
    .some((binding) => rulesOf(store, binding).some((rule) => permits(rule, access)))
}

export function requireAccess(store: Store, user: User, access: Access): void {
  if (isAllowed(store, user, access)) return
  const scope =
    access.namespace === undefined ? 'at the cluster scope' : `in the namespace "${access.namespace}"`
  const about = access.group === '' ? access.resource : `${access.resource}.${access.group}`
  const what = access.name === undefined ? about : `${about} "${access.name}"`
  const message =
    `${what} is forbidden: User "${user.name}" cannot ${access.verb} resource "${access.resource}" ` +
    `in API group "${access.group}" ${scope}`
  throw new ApiError(403, 'Forbidden', message, {
    name: access.name,
    group: access.group,
    kind: access.resource,
  })
}

function isSubject(subject: Value, user: User): boolean {
  if (subject.kind === 'Group') return user.groups.includes(subject.name)
  if (subject.kind === 'User') return user.name === subject.name
  return user.name === `system:serviceaccount:${subject.namespace}:${subject.name}`
}

function rulesOf(store: Store, binding: KubeObject): Value[] {
  const { kind, name } = binding.roleRef
  const role =
    kind === 'Role' ? store.get(roles, name, binding.metadata.namespace) : store.get(clusterRoles, name)
  return role?.rules ?? []
}

function permits(rule: Value, access: Access): boolean {
  const isNamed =
    rule.resourceNames === undefined ||
    (access.name !== undefined && rule.resourceNames.includes(access.name))
  return (
    isNamed &&
    has(rule.verbs, access.verb) &&
    has(rule.apiGroups, access.group) &&
    has(rule.resources, access.resource)
  )
}
