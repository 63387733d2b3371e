import {
  all,
  any,
  boolean,
  type Fields,
  integer,
  intOrString,
  keyed,
  list,
  map,
  object,
  or,
  quantity,
  type Schema,
  string,
} from '../schema.ts'
import { conditions, kindOf, metadata } from './meta.ts'

const exec = object({ command: list() })
const headers = list(object({ name: string, value: string }))
const httpGet = object({
  path: or(string, '/'),
  port: intOrString,
  host: string,
  scheme: or(string, 'HTTP'),
  httpHeaders: headers,
})
const tcpSocket = object({ port: intOrString, host: string })

const probe = object({
  exec,
  httpGet,
  tcpSocket,
  grpc: object({ port: integer, service: or(string, '') }),
  initialDelaySeconds: integer,
  terminationGracePeriodSeconds: integer,
  timeoutSeconds: or(integer, 1),
  periodSeconds: or(integer, 10),
  successThreshold: or(integer, 1),
  failureThreshold: or(integer, 3),
})

const hook = object({ exec, httpGet, tcpSocket })
const optionalKey = object({ name: string, key: string, optional: boolean })

const env = keyed('name', {
  name: string,
  value: string,
  valueFrom: object({
    fieldRef: object({ apiVersion: or(string, 'v1'), fieldPath: string }),
    resourceFieldRef: object({ containerName: string, resource: string, divisor: or(quantity, '0') }),
    configMapKeyRef: optionalKey,
    secretKeyRef: optionalKey,
  }),
})

const resources = object({ limits: map(quantity), requests: map(quantity), claims: any })

const seLinux = object(all(string, 'user role type level'))
const containerSecurity = object({
  ...all(boolean, 'privileged readOnlyRootFilesystem allowPrivilegeEscalation runAsNonRoot'),
  ...all(integer, 'runAsUser runAsGroup'),
  procMount: string,
  capabilities: object({ add: list(), drop: list() }),
  seLinuxOptions: seLinux,
  seccompProfile: object({ type: string, localhostProfile: string }),
  windowsOptions: any,
})

const container: Fields = {
  ...all(string, 'name image workingDir'),
  terminationMessagePath: or(string, '/dev/termination-log'),
  terminationMessagePolicy: or(string, 'File'),
  imagePullPolicy: string,
  ...all(list(), 'command args'),
  ...all(boolean, 'stdin stdinOnce tty'),
  ports: keyed('containerPort protocol', {
    ...all(integer, 'containerPort hostPort'),
    ...all(string, 'name hostIP'),
    protocol: or(string, 'TCP'),
  }),
  env,
  envFrom: list(
    object({
      prefix: string,
      configMapRef: object({ name: string, optional: boolean }),
      secretRef: object({ name: string, optional: boolean }),
    }),
  ),
  resources: or(resources, {}),
  volumeMounts: keyed('mountPath', {
    ...all(string, 'name mountPath subPath subPathExpr mountPropagation'),
    readOnly: boolean,
  }),
  volumeDevices: keyed('devicePath', { name: string, devicePath: string }),
  ...all(probe, 'livenessProbe readinessProbe startupProbe'),
  lifecycle: object({ postStart: hook, preStop: hook }),
  securityContext: containerSecurity,
}

const items = list(object({ key: string, path: string, mode: integer }))
const fieldItems = list(object({ path: string, mode: integer, fieldRef: any, resourceFieldRef: any }))

export const claimSpec: Schema = object({
  accessModes: list(),
  selector: any,
  resources: object({ limits: map(quantity), requests: map(quantity) }),
  ...all(string, 'volumeName storageClassName volumeAttributesClassName'),
  volumeMode: or(string, 'Filesystem'),
  dataSource: any,
  dataSourceRef: any,
})

const volumes = keyed('name', {
  name: string,
  hostPath: object({ path: string, type: or(string, '') }),
  emptyDir: object({ medium: string, sizeLimit: quantity }),
  configMap: object({ name: string, items, defaultMode: or(integer, 420), optional: boolean }),
  secret: object({ secretName: string, items, defaultMode: or(integer, 420), optional: boolean }),
  persistentVolumeClaim: object({ claimName: string, readOnly: boolean }),
  downwardAPI: object({ items: fieldItems, defaultMode: or(integer, 420) }),
  projected: object({ sources: any, defaultMode: or(integer, 420) }),
  ephemeral: object({ volumeClaimTemplate: object({ metadata, spec: claimSpec }) }),
  nfs: object({ server: string, path: string, readOnly: boolean }),
})

const podSpec: Schema = object({
  ...all(
    string,
    'nodeName hostname subdomain priorityClassName serviceAccountName serviceAccount runtimeClassName',
  ),
  preemptionPolicy: string,
  restartPolicy: or(string, 'Always'),
  dnsPolicy: or(string, 'ClusterFirst'),
  schedulerName: or(string, 'default-scheduler'),
  terminationGracePeriodSeconds: or(integer, 30),
  ...all(integer, 'activeDeadlineSeconds priority'),
  ...all(boolean, 'hostNetwork hostPID hostIPC shareProcessNamespace automountServiceAccountToken'),
  ...all(boolean, 'enableServiceLinks setHostnameAsFQDN hostUsers'),
  ...all(keyed('name', container), 'containers initContainers ephemeralContainers'),
  volumes,
  nodeSelector: { ...map(), atomic: true } as Schema,
  affinity: object({ nodeAffinity: any, podAffinity: any, podAntiAffinity: any }),
  tolerations: list(object({ ...all(string, 'key operator value effect'), tolerationSeconds: integer })),
  imagePullSecrets: keyed('name', { name: string }),
  hostAliases: keyed('ip', { ip: string, hostnames: list() }),
  securityContext: or(
    object({
      ...all(integer, 'runAsUser runAsGroup fsGroup'),
      runAsNonRoot: boolean,
      fsGroupChangePolicy: string,
      supplementalGroups: list(integer),
      sysctls: list(object({ name: string, value: string })),
      seLinuxOptions: seLinux,
      seccompProfile: object({ type: string, localhostProfile: string }),
      windowsOptions: any,
    }),
    {},
  ),
  dnsConfig: object({ nameservers: list(), searches: list(), options: list(any) }),
  topologySpreadConstraints: keyed('topologyKey whenUnsatisfiable', {
    ...all(string, 'topologyKey whenUnsatisfiable nodeAffinityPolicy nodeTaintsPolicy'),
    ...all(integer, 'maxSkew minDomains'),
    labelSelector: any,
    matchLabelKeys: list(),
  }),
  readinessGates: list(object({ conditionType: string })),
  overhead: map(quantity),
  os: object({ name: string }),
})

export const podTemplate: Schema = object({ metadata, spec: podSpec })

export const pod: Schema = kindOf({
  spec: podSpec,
  status: object({
    ...all(string, 'phase hostIP podIP startTime reason message qosClass nominatedNodeName'),
    podIPs: keyed('ip', { ip: string }),
    conditions,
    ...all(list(any), 'containerStatuses initContainerStatuses ephemeralContainerStatuses'),
  }),
})
