#!/usr/bin/env node
// Starts the bundled program from V8's code cache: parsing and compiling it anew would double the start-up time.
const fs = require('node:fs')
const path = require('node:path')
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

const file = path.join(__dirname, '../../dist/provision.cjs')
const cacheFile = `${file}.cache`

function read(name) {
  try {
    return fs.readFileSync(name)
  } catch {
    return undefined
  }
}

// It is ASCII, which needs no decoding.
const source = read(file)?.toString('latin1')
if (source === undefined) {
  console.error("provision is not built yet; run 'npm ci' (or 'npm run build') in its folder first")
  process.exit(1)
}
const script = new vm.Script(source, { filename: file, cachedData: read(cacheFile) })
if (process.env.PROVISION_WRITE_CODE_CACHE) {
  process.on('exit', () => fs.writeFileSync(cacheFile, script.createCachedData()))
}
script.runInThisContext()({}, require('node:module').createRequire(file), {}, file, path.dirname(file))
