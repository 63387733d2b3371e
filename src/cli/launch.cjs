#!/usr/bin/env node
// Starts the bundled program from V8's code cache: parsing and compiling it anew would double the start-up time.
const fs = require('node:fs')
const path = require('node:path')
const vm = require('node:vm')

const file = path.join(__dirname, '../../dist/provision.cjs')
const cacheFile = `${file}.cache`

function read(name) {
  try {
    return fs.readFileSync(name)
  } catch {
    return undefined
  }
}

const source = read(file)
if (source === undefined) {
  console.error("provision is not built yet; run 'npm ci' (or 'npm run build') in its folder first")
  process.exit(1)
}
const wrapper = `(function (exports, require, module, __filename, __dirname) {${source}\n})`
const script = new vm.Script(wrapper, { filename: file, cachedData: read(cacheFile) })
if (process.env.PROVISION_WRITE_CODE_CACHE) {
  process.on('exit', () => fs.writeFileSync(cacheFile, script.createCachedData()))
}
script.runInThisContext()({}, require('node:module').createRequire(file), {}, file, path.dirname(file))
