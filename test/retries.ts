import Mocha from 'mocha'

/** Prints why a test has failed that is tried again: whatever passes the second time is otherwise never told. */
export function mochaGlobalSetup(this: Mocha.Runner): void {
  this.on('retry', (test: Mocha.Test, err: Error) => {
    console.log('\n  failed, and is tried again:')
    Mocha.reporters.Base.list([Object.assign(test, { err })])
  })
}
