import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { UsageError } from '../../src/core/errors.ts'
import type { Host } from '../../src/core/host.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { progress } from '../../src/lab/image/build.ts'
import { labDown, labFault, labStatus, labSudo, labUp, PASSWORD } from '../../src/lab/lab.ts'
import { labNodes } from '../../src/lab/nodes.ts'
import { labPlaces, nodePlaces } from '../../src/lab/places.ts'
import { labProcesses } from '../../src/lab/processes.ts'
import type { Inventory } from '../../src/load/program.ts'
import { loadInventory } from '../../src/load/inventory/inventory.ts'
import { testLab } from './names.ts'
import { answerOf, fromLaptop, INVENTORY, nodeState, onNode, TEST_LAB, useLab } from './fixture.ts'

const quiet = () => {}

function inventoryOf(
  hosts: Record<string, { vars?: JsonObject; connection: Host['connection'] }>,
): Inventory {
  const list = Object.entries(hosts).map(([name, { vars = {}, connection }]): [string, Host] => [
    name,
    { name, groups: ['all'], vars, connection },
  ])
  return { file: 'inventory.yaml', hosts: new Map(list), groups: new Map([['all', Object.keys(hosts)]]) }
}

describe('what the lab takes from the inventory', () => {
  const at = (last: number) => ({ kind: 'ssh', address: `16.0.0.${last}` }) as const

  it('memory, disk and the way to a host', () => {
    const storage = { device: '/dev/sda', size: '1TB', mount: '/mnt/storage' }
    const nodes = labNodes(
      inventoryOf({
        rpicloud: { connection: at(10), vars: { ram: '4GiB' } },
        rpi01: { connection: { ...at(11), jump: 'rpicloud' }, vars: { storage } },
        here: { connection: { kind: 'local' } },
      }),
    )
    assert.deepEqual(nodes, [
      {
        name: 'rpicloud',
        address: '16.0.0.10',
        direct: true,
        jump: undefined,
        memory: 4 * 2 ** 30,
        disk: undefined,
      },
      {
        name: 'rpi01',
        address: '16.0.0.11',
        direct: false,
        jump: 'rpicloud',
        memory: 2 ** 30,
        disk: { device: '/dev/sda', size: 1e12 },
      },
    ])
  })

  it('and every mistake in it at once', () => {
    const wrong = inventoryOf({
      a: { connection: { ...at(10), user: 'root' } },
      b: { connection: at(11), vars: { ram: 'much' } },
      c: { connection: at(12), vars: { storage: { device: 'sda', size: '1TB' } } },
      d: { connection: { ...at(13), jump: 'elsewhere' } },
      e: { connection: { kind: 'ssh', address: 'raspberrypi.local' } },
      f: { connection: { kind: 'ssh', address: '16.0.1.1' } },
      g: { connection: at(14) },
    })
    assert.throws(
      () => labNodes(wrong),
      (error) => {
        assert(error instanceof UsageError)
        assert.deepEqual(
          error.diagnostics.map(({ message }) => message),
          [
            "a: the lab's hosts have the user 'pi', not 'root'",
            'b: ram is "much"',
            'c: storage.device is "sda"',
            "d: its jump host 'elsewhere' is not in the inventory, so the lab can't build it",
            'e: the lab needs its IPv4 address',
            'the lab has one network of 254 addresses; the inventory has 16.0.1, 16.0.0',
          ],
        )
        return true
      },
    )
  })
})

describe('the progress of building the image', () => {
  it('is stages and every twentieth package', () => {
    const said: string[] = []
    const tell = progress((text) => said.push(text))
    tell('I: running apt-get update...')
    tell('I: running --customize-hook in shell: sh -c ...')
    tell('0 upgraded, 40 newly installed, 0 to remove and 0 not upgraded.')
    for (let i = 1; i <= 40; i++) tell(`Unpacking package${i} (1.0) ...`)
    for (let i = 1; i <= 39; i++) tell(`Setting up package${i} (1.0) ...`)
    tell('step: fetching kubectl')
    const packages = ['20 packages of 40 unpacked', '40 packages of 40 unpacked', '20 packages of 40 set up']
    assert.deepEqual(said, ['running apt-get update...', ...packages, 'fetching kubectl'])
  })
})

describe('the lab', function () {
  this.timeout(120_000)
  this.slow(20_000)
  useLab({ fresh: true })

  it('boots every host of the inventory under its name and address', async () => {
    const { inventory } = await loadInventory(INVENTORY)
    const hosts = [...inventory.hosts.values()].map((host) => `${host.name} ${host.connection.address}`)
    assert.deepEqual(
      labStatus()?.nodes.map((node) => `${node.name} ${node.address}`),
      hosts,
    )
    assert.deepEqual(new Set(labStatus()?.nodes.map((node) => node.state)), new Set(['up']))
    for (const host of ['rpicloud', 'rpi01', 'rpi14']) {
      const { stdout } = await onNode(host, 'hostname; id -un; systemctl is-system-running --wait')
      assert.equal(stdout, `${host}\npi\nrunning\n`)
    }
  })

  it('leaves a lab that is up as it is', async () => {
    const id = 'cat /proc/sys/kernel/random/boot_id'
    const { stdout: before } = await onNode('rpi03', id)
    const said: string[] = []
    const { inventory } = await loadInventory(INVENTORY)
    await labUp(inventory, { say: ({ text }) => said.push(text), install: 'no' })
    assert.deepEqual(said, [])
    assert.equal((await onNode('rpi03', id)).stdout, before)
  })

  it('refuses another description of a host that is up', async () => {
    const { inventory } = await loadInventory(INVENTORY)
    inventory.hosts.get('rpi02')!.vars.ram = '8GiB'
    await assert.rejects(
      labUp(inventory, { say: quiet, install: 'no' }),
      /was started with another description of rpi02/,
    )
  })

  it('lets the laptop reach the jump host and nothing else', async () => {
    const routes = await fromLaptop(['ip', '-o', 'route'])
    assert.equal(
      routes.stdout.replaceAll(' \n', '\n'),
      '16.0.0.10 via 192.168.10.2 dev eth10\n192.168.10.0/30 dev eth10 proto kernel scope link src 192.168.10.1\n',
    )
    const direct = await fromLaptop(['bash', '-c', 'exec 3<>/dev/tcp/16.0.0.11/22'])
    assert.match(direct.stderr, /Network is unreachable/)
  })

  it('is not taken for the real hosts when --lab is forgotten', () => {
    // In a network of its own with no way out: should it not refuse, it must not reach anybody.
    const words = ['--net', process.execPath, 'src/cli/launch.cjs', 'ping', 'rpi01', '-i', INVENTORY]
    const { status, stderr } = spawnSync('unshare', words, { encoding: 'utf8' })
    assert.match(stderr, /the lab '[\w-]+' is up[^]*nothing was contacted[^]*add --lab/)
    assert.equal(status, 1)
  })

  it('has no way out', async () => {
    for (const host of ['rpicloud', 'rpi01']) {
      // Addresses that are nobody's, kept for documentation.
      const { code, stderr } = await onNode(host, 'curl -sS --max-time 3 http://192.0.2.1/')
      assert(code === 7 || code === 28, stderr)
    }
  })

  it('gives a node its memory, its disk and no other', async () => {
    assert.equal(nodeState('rpi01')?.memoryLimit, 2 * 2 ** 30)
    assert.equal(nodeState('rpicloud')?.memoryLimit, 4 * 2 ** 30)
    const { stdout } = await onNode(
      'rpi01',
      'lsblk -bnro NAME,SIZE,TYPE; tail -n +3 /proc/partitions | wc -l',
    )
    assert.equal(stdout, 'sda 1000000000000 disk\n1\n')
    assert.equal((await onNode('rpicloud', 'lsblk -bnro NAME')).stdout, '')
  })

  it("keeps root in a node from this machine's disks, clock and kernel settings", async () => {
    const attempts = [
      'mknod -m 600 /root/vda b 254 0',
      'mknod -m 600 /dev/vda b 254 0',
      'mknod /root/mem c 1 1 && cat /root/mem',
      'date -s 2001-01-01',
      'echo 0 > /proc/sys/kernel/randomize_va_space',
      'echo a > /sys/fs/cgroup/devices/devices.allow',
    ]
    for (const attempt of attempts) {
      const { code } = await onNode('rpi02', `sudo sh -c '${attempt}'`)
      assert.notEqual(code, 0, attempt)
    }
    const swappiness = readFileSync('/proc/sys/vm/swappiness', 'utf8')
    assert.equal(
      (await onNode('rpi02', 'sudo sysctl -qw vm.swappiness=7; sysctl -n vm.swappiness')).code,
      127,
    )
    const own = await onNode('rpi02', 'sudo /sbin/sysctl -qw vm.swappiness=7; cat /proc/sys/vm/swappiness')
    assert.equal(own.stdout, '7\n')
    assert.equal(readFileSync('/proc/sys/vm/swappiness', 'utf8'), swappiness)
  })

  it('mounts a disk by UUID from fstab, again after a reboot', async () => {
    const mount = [
      'sudo mkfs.ext4 -q /dev/sda && sudo mkdir -p /mnt/storage',
      'uuid=$(sudo blkid -p -s UUID -o value /dev/sda)',
      // The link to it comes a moment after mkfs, as with udev on a board.
      'for n in $(seq 150); do [ -e /dev/disk/by-uuid/$uuid ] && break; sleep 0.2; done',
      'echo "UUID=$uuid /mnt/storage ext4 defaults,noatime,nofail 0 2" | sudo tee -a /etc/fstab > /dev/null',
      'sudo systemctl daemon-reload && sudo findmnt --verify && sudo mount /mnt/storage',
      'echo kept | sudo tee /mnt/storage/file > /dev/null && ls /dev/disk/by-uuid && echo $uuid',
    ]
    const { code, stdout, stderr } = await onNode('rpi04', mount.join(' && '))
    assert.equal(code, 0, stderr)
    const [linked, made] = stdout.trim().split('\n').slice(-2)
    assert.equal(linked, made)
    const before = (await onNode('rpi04', 'cat /proc/sys/kernel/random/boot_id')).stdout
    await onNode('rpi04', 'sudo systemctl reboot')
    await until(() => nodeState('rpi04')?.state !== 'up')
    await until(() => nodeState('rpi04')?.state === 'up')
    const after = await onNode('rpi04', 'cat /proc/sys/kernel/random/boot_id; cat /mnt/storage/file')
    const [id, file] = after.stdout.trim().split('\n')
    assert.notEqual(id, before.trim())
    assert.equal(file, 'kept')
  })

  it('installs packages with apt', async () => {
    const { code, stdout, stderr } = await onNode(
      'rpi05',
      'sudo apt-get -qq update && sudo DEBIAN_FRONTEND=noninteractive apt-get -qq install jq > /dev/null && echo "[1]" | jq .[0]',
    )
    assert.equal(code, 0, stderr)
    assert.equal(stdout, '1\n')
  })

  it("has docker, and the registry's image on the host that is reached first", async () => {
    const { stdout, stderr } = await onNode(
      'rpicloud',
      'sudo docker run -d --name reg -p 5000:5000 registry:2 > /dev/null && sleep 1; curl -sS localhost:5000/v2/_catalog; sudo docker rm -f reg > /dev/null',
    )
    assert.equal(stdout, '{"repositories":[]}\n', stderr)
    const { stdout: there } = await onNode('rpi06', 'sudo docker info --format "{{.Driver}} {{.Images}}"')
    assert.equal(there, 'overlay2 0\n')
  })

  it('has the programs that the simulated k3s runs on', async () => {
    const { stdout } = await onNode(
      'rpi06',
      '/usr/lib/provision-lab/node --version; /usr/lib/provision-lab/kubectl version --client | head -1',
    )
    assert.match(stdout, new RegExp(`^${process.version}\nClient Version: v1\\.3\\d`))
  })

  it('asks for the password where it is told to', async () => {
    labSudo('rpi07', 'password')
    assert.equal((await onNode('rpi07', 'sudo -n true')).code, 1)
    assert.equal((await onNode('rpi07', `echo ${PASSWORD} | sudo -S -p '' id -u`)).stdout, '0\n')
    labSudo('rpi07', 'nopasswd')
    assert.equal((await onNode('rpi07', 'sudo -n true')).code, 0)
  })

  describe('faults', () => {
    it('cut and heal', async () => {
      await labFault('rpi08', 'cut', quiet)
      assert.deepEqual(nodeState('rpi08')?.faults, ['cut'])
      assert.equal((await onNode('rpi08', 'true', 3)).code, 255)
      await labFault('rpi08', 'heal', quiet)
      assert.deepEqual(nodeState('rpi08')?.faults, [])
      const isBack = async () => (await onNode('rpi08', 'true')).code === 0
      // For a moment the access node may still know that nobody has answered.
      assert((await isBack()) || (await isBack()))
    })

    it('cut of the host that is reached first leaves silence', async () => {
      await labFault('rpicloud', 'cut', quiet)
      const { stderr } = await onNode('rpicloud', 'true', 3)
      assert.match(stderr, /timed out|No route to host/)
      await labFault('rpicloud', 'heal', quiet)
      assert.equal((await onNode('rpicloud', 'true')).code, 0)
    })

    it('freeze and thaw', async () => {
      await labFault('rpi08', 'freeze', quiet)
      assert.match((await onNode('rpi08', 'true', 3)).stderr, /timed out/)
      await labFault('rpi08', 'thaw', quiet)
      assert.equal((await onNode('rpi08', 'true')).code, 0)
    })

    it('slow', async () => {
      await labFault('rpi08', 'slow', quiet, '300')
      assert.deepEqual(nodeState('rpi08')?.faults, ['slow'])
      const cables = () => answerOf('tc', ['-n', labPlaces().lan, 'qdisc', 'show'])
      assert.match((await cables()).stdout, /netem|tbf/)
      // Min and max of the round trips; the quickest one to a healthy node is the measure for the slowest one here.
      const ping = async (address: string): Promise<number[]> => {
        const { stdout } = await onNode('rpicloud', `ping -c 5 -i 0.2 -W 20 -s 1400 -q ${address}`)
        const [, min, max] = /= ([\d.]+)\/[\d.]+\/([\d.]+)/.exec(stdout) ?? assert.fail(stdout)
        return [Number(min), Number(max)]
      }
      const [quickest] = await ping('16.0.0.19')
      const [, slowest] = await ping('16.0.0.18')
      assert(slowest! > 10 * quickest!, `${slowest} and ${quickest} ms`)
      await labFault('rpi08', 'heal', quiet)
      assert.doesNotMatch((await cables()).stdout, /netem|tbf/)
    })

    it('kill and boot', async () => {
      const socket = 'cat /sys/class/net/eth0/address'
      const { stdout: address } = await onNode('rpi09', `echo kept > file; sync; ${socket}`)
      await labFault('rpi09', 'kill', quiet)
      assert.equal(nodeState('rpi09')?.state, 'off')
      assert.equal(nodeState('rpi09')?.seconds, null)
      await labFault('rpi09', 'boot', quiet)
      // With another address the others would not find it for a while.
      assert.equal((await onNode('rpi09', `cat file; ${socket}`)).stdout, `kept\n${address}`)
    })

    it('fill and empty', async () => {
      await labFault('rpi10', 'fill', quiet)
      assert.match((await onNode('rpi10', 'echo text > file')).stderr, /No space left on device/)
      await labFault('rpi10', 'empty', quiet)
      assert.equal((await onNode('rpi10', 'echo text > file')).code, 0)
    })

    it('swap-disk', async () => {
      await onNode('rpi11', 'sudo mkfs.ext4 -q /dev/sda')
      await labFault('rpi11', 'swap-disk', quiet)
      assert.equal((await onNode('rpi11', 'sudo blkid -p /dev/sda')).code, 2)
      assert.equal((await onNode('rpi11', 'hostname')).stdout, 'rpi11\n')
      const label = async () => (await onNode('rpi11', 'sudo blkid -p -s LABEL -o value /dev/sda')).stdout
      await labFault('rpi11', 'swap-disk', quiet, 'storage-rpi05')
      assert.equal(await label(), 'storage-rpi05\n')
      await labFault('rpi11', 'swap-disk', quiet, 'back')
      assert.equal(await label(), '')
    })

    it('reimage gives a new identity and leaves the disk', async () => {
      const identity = 'cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub'
      await onNode('rpi12', 'sudo mkfs.ext4 -q -L kept /dev/sda; touch file')
      const before = await onNode('rpi12', identity)
      await labFault('rpi12', 'reimage', quiet)
      const changed = await onNode('rpi12', 'true')
      assert.match(changed.stderr, /REMOTE HOST IDENTIFICATION HAS CHANGED/)
      await answerOf('ssh-keygen', ['-f', labPlaces().knownHostsFile, '-R', '16.0.0.22'])
      const after = await onNode('rpi12', identity)
      const [old, now] = [before.stdout.split('\n'), after.stdout.split('\n')]
      assert.notEqual(old[0], now[0])
      assert.notEqual(old[1], now[1])
      const { stdout } = await onNode('rpi12', 'sudo blkid -p -s LABEL -o value /dev/sda; ls')
      assert.equal(stdout, 'kept\n')
      await labFault('rpi12', 'reimage', quiet, 'back')
      await answerOf('ssh-keygen', ['-f', labPlaces().knownHostsFile, '-R', '16.0.0.22'])
      const back = await onNode('rpi12', identity)
      assert.equal(back.stdout, before.stdout, back.stderr)
      await assert.rejects(labFault('rpi13', 'reimage', quiet, 'back'), /has had no other SD card before/)
    })

    it('clock', async () => {
      const isBehind = async (date: string) =>
        Number((await onNode('rpi13', date)).stdout) < Date.now() / 1000 - 86_400
      await labFault('rpi13', 'clock', quiet, '2')
      assert.deepEqual([await isBehind('date +%s'), await isBehind('sudo date +%s')], [true, true])
      // What waits for a unit may wait for ever under another clock.
      await onNode('rpi13', "sudo env -u LD_PRELOAD systemd-run -q --wait sh -c 'date +%s > /tmp/date'")
      assert.equal(await isBehind('cat /tmp/date'), true)
      await labFault('rpi13', 'clock', quiet, '0')
      assert.deepEqual([await isBehind('date +%s'), await isBehind('sudo date +%s')], [false, false])
    })

    it('are refused when they are unknown', async () => {
      await assert.rejects(labFault('rpi01', 'cutt', quiet), /there is no fault 'cutt'/)
      await assert.rejects(labFault('rpi99', 'cut', quiet), /the lab has no host 'rpi99'/)
    })
  })

  it('boots again what was killed from outside', async () => {
    const [starter] = labProcesses(labPlaces(), 'rpi13')
    process.kill(starter!, 'SIGKILL')
    // Most of them end by themselves with the starter.
    for (const pid of labProcesses(labPlaces(), 'rpi13')) await answerOf('kill', ['-KILL', String(pid)])
    await until(() => nodeState('rpi13')?.state === 'off')
    const { inventory } = await loadInventory(INVENTORY)
    const said: string[] = []
    await labUp(inventory, { say: ({ host, text }) => said.push(host ?? text), install: 'no' })
    assert.deepEqual(said, ['booting 1 of 15 nodes', 'rpi13'])
  })
})

describe('lab down', function () {
  this.timeout(120_000)
  this.slow(20_000)
  useLab()
  const name = testLab('down')
  const one = inventoryOf({
    alone: {
      connection: { kind: 'ssh', address: '16.0.0.99' },
      vars: { storage: { device: '/dev/sda', size: '1GB' } },
    },
  })
  before(() => void (process.env.PROVISION_LAB = name))
  after(async () => {
    await labDown(quiet)
    process.env.PROVISION_LAB = TEST_LAB
  })

  it('leaves nothing', async () => {
    await labUp(one, { say: quiet, install: 'no' })
    assert.notDeepEqual(await leftovers(name), [])
    await labDown(quiet)
    assert.deepEqual(await leftovers(name), [])
    assert.equal(labStatus(), null)
  })

  it('leaves nothing of a lab whose boot was cut off', async () => {
    const stop = new AbortController()
    const up = labUp(one, { say: () => stop.abort(), install: 'no', signal: stop.signal })
    await assert.rejects(up, /interrupted/)
    await labDown(quiet)
    assert.deepEqual(await leftovers(name), [])
  })

  it('leaves nothing of a lab whose record is lost', async () => {
    const { state } = labPlaces()
    await labUp(one, { say: quiet, install: 'no' })
    await answerOf('rm', ['-f', `${state}/lab.json`, nodePlaces(labPlaces(), 'alone').pid])
    await labDown(quiet)
    assert.deepEqual(await leftovers(name), [])
  })
})

/** Everything on this machine that bears the lab's name. */
async function leftovers(name: string): Promise<string[]> {
  const { stdout: loops } = await answerOf('losetup', ['--list', '--noheadings', '--output', 'BACK-FILE'])
  const { stdout: groups } = await answerOf('find', ['/sys/fs/cgroup', '-type', 'd', '-name', name])
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  const lines = [loops, groups, mounts].flatMap((text) =>
    text.split('\n').filter((line) => line.includes(name)),
  )
  const spaces = existsSync('/run/netns')
    ? readdirSync('/run/netns').filter((one) => one.startsWith(`${name}.`))
    : []
  const states = existsSync(`/var/lib/provision-lab/${name}`) ? [name] : []
  return [...lines, ...spaces, ...states, ...labProcesses(labPlaces()).map(String)]
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}
