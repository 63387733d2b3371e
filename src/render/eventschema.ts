const text = { type: 'string' } as const
const count = { type: 'integer', minimum: 0 } as const
const texts = { type: 'array', items: text } as const

const place = {
  type: 'object',
  description: 'Where something stands in a file; line and column count from 1.',
  additionalProperties: false,
  required: ['file', 'line', 'column'],
  properties: { file: text, line: count, column: count },
} as const

const failure = {
  type: 'object',
  description: 'An error fit to be shown: secrets are masked. Only a bug has a stack.',
  additionalProperties: false,
  required: ['kind', 'message'],
  properties: {
    kind: { enum: ['connect', 'command', 'task', 'bug', 'interrupted'] },
    message: text,
    hint: { ...text, description: 'What to do about it.' },
    place,
    command: text,
    code: { type: 'integer', description: "The command's exit code." },
    stderr: { ...text, description: 'Last lines of standard error.' },
    stack: text,
  },
} as const

const step = {
  type: 'object',
  description: 'One use of a task in a play.',
  additionalProperties: false,
  required: ['play', 'number', 'name', 'task'],
  properties: {
    play: { ...count, description: 'Counts from 0.' },
    number: { ...count, description: 'Counts from 1 within the play; handlers go on from there.' },
    name: text,
    task: text,
    handler: { const: true },
    gate: { const: true, description: 'It must hold before the next batch of hosts begins.' },
    item: {
      ...text,
      description: "The item's label when the step loops; with those of the looping blocks around it.",
    },
    delegate: { ...text, description: 'The host that it runs on in place of the one it is for.' },
  },
} as const

const change = {
  type: 'object',
  additionalProperties: false,
  required: ['summary'],
  properties: {
    summary: { ...text, description: 'What is done, in the imperative.' },
    diff: { ...text, description: 'Unified diff.' },
    opaque: { const: true, description: 'It does more than can be predicted.' },
    repeats: { const: true, description: 'It is made in every run.' },
  },
} as const

const play = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'hosts', 'steps'],
  properties: { name: text, hosts: texts, steps: { ...count, description: 'Without handlers.' } },
} as const

const at = { type: 'number', description: 'Milliseconds since the epoch.' } as const
const ms = { type: 'number', description: 'A duration in milliseconds.' } as const
const playNumber = { ...count, description: 'Counts from 0.' } as const

/** JSON Schema of one line of `--output json` and of events.ndjson; published as docs/events.schema.json. */
export const eventSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'RunEvent',
  description: 'One event of a run of provision: a line of --output json and of a journal (events.ndjson).',
  type: 'object',
  anyOf: [
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'run', 'mode', 'playbook', 'plays'],
      properties: {
        at,
        type: { const: 'run-start' },
        run: text,
        mode: { enum: ['apply', 'check'] },
        playbook: text,
        plays: { type: 'array', items: play },
        lab: { ...text, description: 'Present when the run is against the lab.' },
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'message'],
      properties: { at, type: { const: 'notice' }, message: text },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'play', 'name', 'hosts'],
      properties: { at, type: { const: 'play-start' }, play: playNumber, name: text, hosts: texts },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'play'],
      properties: { at, type: { const: 'play-end' }, play: playNumber },
    },
    {
      type: 'object',
      description: 'Only of a play that works on its hosts in several batches.',
      additionalProperties: false,
      required: ['at', 'type', 'play', 'batch', 'batches', 'hosts'],
      properties: {
        at,
        type: { const: 'batch-start' },
        play: playNumber,
        batch: { ...count, description: 'Counts from 1.' },
        batches: count,
        hosts: texts,
      },
    },
    {
      type: 'object',
      description: 'The run goes no further.',
      additionalProperties: false,
      required: ['at', 'type', 'play', 'message', 'hosts'],
      properties: {
        at,
        type: { const: 'run-stopped' },
        play: playNumber,
        message: { ...text, description: 'Why.' },
        hosts: { ...texts, description: 'Those that it has not touched.' },
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'host', 'attempt'],
      properties: { at, type: { const: 'host-connecting' }, host: text, attempt: count },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'host', 'ms'],
      properties: { at, type: { const: 'host-connected' }, host: text, ms },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'host', 'failure'],
      properties: { at, type: { const: 'host-unreachable' }, host: text, failure },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'host', 'attempt', 'failure', 'waitMs'],
      properties: { at, type: { const: 'host-retry' }, host: text, attempt: count, failure, waitMs: ms },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'host', 'step'],
      properties: { at, type: { const: 'step-start' }, host: text, step },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'host', 'step', 'stream', 'text'],
      properties: {
        at,
        type: { const: 'step-output' },
        host: text,
        step,
        stream: { enum: ['stdout', 'stderr'] },
        text,
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'host', 'step', 'message'],
      properties: { at, type: { const: 'step-progress' }, host: text, step, message: text },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'host', 'step', 'status', 'certainty', 'changes', 'ms'],
      properties: {
        at,
        type: { const: 'step-end' },
        host: text,
        step,
        status: {
          enum: ['ok', 'changed', 'skipped', 'failed', 'unknown'],
          description: 'unknown: a check can not tell before an earlier step has been applied.',
        },
        certainty: {
          enum: ['observed', 'predicted', 'provisional'],
          description: 'Seen on the host, predicted from a planned change, or after an opaque one.',
        },
        changes: { type: 'array', items: change },
        result: { type: 'object', description: 'What register holds.', additionalProperties: true },
        message: { ...text, description: 'Why it was skipped or is unknown, or what it says.' },
        failure,
        handled: {
          enum: ['ignored', 'rescued'],
          description: 'A failure that is none of the host: passed over, or made up for by a rescue.',
        },
        tries: { ...count, description: 'How often it was tried; absent when once.' },
        ms,
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'host', 'play', 'state'],
      properties: {
        at,
        type: { const: 'host-end' },
        host: text,
        play: playNumber,
        state: {
          enum: ['done', 'failed', 'unreachable', 'interrupted', 'stopped'],
          description: 'stopped: nothing failed on it, but the run went no further.',
        },
        pending: { ...texts, description: 'Handlers that were notified and have not run.' },
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['at', 'type', 'run', 'exitCode', 'ms', 'roundTrips'],
      properties: {
        at,
        type: { const: 'run-end' },
        run: text,
        exitCode: { type: 'integer', description: '0, 2, 3, 4 or 130.' },
        ms,
        roundTrips: {
          type: 'object',
          description: 'Flights to each host.',
          additionalProperties: count,
        },
      },
    },
  ],
} as const
