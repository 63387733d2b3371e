import { spawn } from 'node:child_process'

interface Tool {
  program: string
  words: string[]
  /** Whether there is a clipboard that it could reach. */
  fits: boolean
}

/** Milliseconds that a tool may take. */
const TIME = 3000

function tools(env: NodeJS.ProcessEnv): Tool[] {
  return [
    { program: 'wl-copy', words: [], fits: Boolean(env.WAYLAND_DISPLAY) },
    { program: 'xclip', words: ['-selection', 'clipboard'], fits: Boolean(env.DISPLAY) },
    { program: 'pbcopy', words: [], fits: process.platform === 'darwin' },
    { program: 'clip.exe', words: [], fits: Boolean(env.WSL_DISTRO_NAME) },
  ].filter(({ fits }) => fits)
}

/** Puts a text into the clipboard; false when there is none, or nothing that can. */
export async function copyToClipboard(text: string, env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  for (const tool of tools(env)) if (await feed(tool, text, env)) return true
  return false
}

function feed({ program, words }: Tool, text: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { env, stdio: ['pipe', 'ignore', 'ignore'], timeout: TIME })
    child.once('error', () => resolve(false))
    child.once('exit', (code) => resolve(code === 0))
    child.stdin.on('error', () => {})
    child.stdin.end(text)
  })
}
