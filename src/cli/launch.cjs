#!/usr/bin/env node
// Starts the bundled program from V8's code cache: parsing and compiling it anew would double the start-up time.
const fs = require('node:fs')
const path = require('node:path')
const { createRequire } = require('node:module')
const vm = require('node:vm')

/** `--lab`: the whole program runs in the network namespace of the lab's laptop, from which only the lab can be reached. */
function enterLab() {
  const namespace = `/run/netns/${process.env.PROVISION_LAB || 'provision'}.laptop`
  const end = process.argv.indexOf('--')
  const words = end < 0 ? process.argv : process.argv.slice(0, end)
  if (!words.includes('--lab') || !fs.existsSync(namespace) || isInside(namespace)) return
  // The terminal sends signals to both processes; this one only waits for the other's end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})
  const { spawnSync } = require('node:child_process')
  const again = [`--net=${namespace}`, process.execPath, __filename, ...process.argv.slice(2)]
  const { status, error } = spawnSync('nsenter', again, { stdio: 'inherit' })
  if (error) console.error(`the lab's network can't be entered: ${error.message}`)
  process.exit(status ?? 1)
}

function isInside(namespace) {
  return fs.statSync(namespace).ino === fs.statSync('/proc/self/ns/net').ino
}

enterLab()

const folder = path.join(__dirname, '../../dist')

function read(name) {
  try {
    return fs.readFileSync(name)
  } catch {
    return undefined
  }
}

function compile(part) {
  const filename = path.join(folder, `${part}.cjs`)
  // It is ASCII, which needs no decoding.
  const source = read(filename)?.toString('latin1')
  if (source === undefined) {
    console.error("provision is not built yet; run 'npm ci' (or 'npm run build') in its folder first")
    process.exit(1)
  }
  return new vm.Script(source, { filename, cachedData: read(`${filename}.cache`) })
}

/** Runs a part of the program; returns the modules that it shares with the other part, which it gets from `other`. */
function start(script, module, other) {
  const filename = path.join(folder, 'provision.cjs')
  script.runInThisContext()(module.exports, createRequire(filename), module, filename, folder, other)
  return module.exports
}

const main = { exports: {} }
let few
/** Modules that few runs need. */
const rare = (name) => {
  few ??= start(compile('rare'), { exports: {} }, (shared) => main.exports[shared]())
  return few[name]()
}

const script = compile('provision')
if (process.env.PROVISION_WRITE_CODE_CACHE) {
  process.on('exit', () => {
    fs.writeFileSync(path.join(folder, 'provision.cjs.cache'), script.createCachedData())
    fs.writeFileSync(path.join(folder, 'rare.cjs.cache'), compile('rare').createCachedData())
  })
}
start(script, main, rare)
