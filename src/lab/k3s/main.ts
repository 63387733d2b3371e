import { startAgent } from './agent/main.ts'
import { announcement, k3sVersion } from './announce.ts'
import { crictl } from './crictl.ts'
import { die } from './log.ts'
import { standIn } from './programs/stand-in.ts'
import { runServer } from './server/main.ts'

const usage = `k3s ${k3sVersion}: ${announcement}
Commands: server, agent, kubectl, crictl (images, inspecti, pull, rmi)
`

async function main([command, ...rest]: string[]): Promise<void> {
  switch (command) {
    case 'server':
      return runServer(rest)
    case 'agent':
      return startAgent(rest)
    case 'crictl':
      return crictl(rest)
    case 'stand-in':
      return standIn(rest)
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(usage)
      return
    default:
      die(`the simulated k3s of \`provision lab\` does not know the command '${command}'`)
  }
}

process.on('SIGTERM', () => process.exit(0))
process.on('SIGINT', () => process.exit(0))
main(process.argv.slice(2)).catch((error: Error) => die(error.stack ?? error.message))
