import assert from 'node:assert/strict'
import { changesOf, failuresOf, fault, look, play, stepsOf, useSmallLab } from './small.ts'

const HOST = 'rpi02'

/** A play of steps for one host of the lab. */
function steps(text: string): string {
  const tasks = text.trim().replaceAll(/^/gm, '    ')
  return `- hosts: ${HOST}\n  become: true\n  tasks:\n${tasks}\n`
}

describe('steps of a play that depend on each other', function () {
  this.timeout(120_000)
  this.slow(10_000)
  useSmallLab()

  it('a restart takes in the first drop-in of a unit', async () => {
    const unit =
      'systemd: { unit: order, content: "[Service]\\nExecStart=/bin/sleep infinity\\n", state: started }'
    const folder = '/etc/systemd/system/order.service.d'
    const dropIn = `copy: { dest: ${folder}/10.conf, content: "[Service]\\nLimitNOFILE=4096\\n" }\n  notify: restart`
    const handler = '  handlers:\n    - { name: restart, systemd: { unit: order, state: restarted } }\n'
    const made = await play(
      `${steps(`- ${unit}\n- file: { path: ${folder}, state: directory }\n- ${dropIn}`)}${handler}`,
    )
    assert.deepEqual([failuresOf(made), made.code], [[], 0])
    assert.equal(
      await look(HOST, 'cat /proc/$(systemctl show -p MainPID --value order)/limits | grep -c 4096'),
      '1\n',
    )
  })

  it('what is removed goes with all that is in it, and is made anew', async () => {
    await look(HOST, 'mkdir -p /opt/order/lib; echo x | tee /opt/order/lib/x > /opt/order/conf')
    const book = steps(`
- file: { path: /opt/order, state: absent, recurse: true }
- file: { path: /opt/order/lib, state: directory }
- file: { path: /opt/order, state: directory, mode: "0750" }
- copy: { dest: /opt/order/conf, content: "x\\n" }
- copy: { dest: /opt/order/lib/x, content: "x\\n" }`)
    const checked = await play(book, '--check')
    const made = await play(book)
    assert.deepEqual([failuresOf(made), changesOf(made).length], [[], 5])
    assert.deepEqual(changesOf(checked), changesOf(made))
  })

  it('a user comes with a group and a home, and goes with both', async () => {
    const come = steps(`
- group: { name: order }
- user: { name: order, groups: [adm], shell: /bin/bash }
- line: { path: /home/order/.bashrc, line: "umask 027" }
- file: { path: /home/order/.config, state: directory, owner: order, group: order }
- copy: { dest: /home/order/.config/a, content: a, owner: order }`)
    const came = await play(come, '--check')
    assert.deepEqual([failuresOf(came), came.code], [[], 2])
    assert.deepEqual(
      stepsOf(came).map((step) => step.split(' ').at(-1)),
      'changed changed unknown changed changed'.split(' '),
    )
    assert.deepEqual(failuresOf(await play(come)), [])
    const go = steps(`
- user: { name: order, state: absent, remove_home: true }
- group: { name: order, state: absent }
- file: { path: /home/order/.config, state: absent, recurse: true }
- file: { path: /home/order, state: absent }`)
    const gone = [`${HOST}: remove user order with home directory and mail`]
    assert.deepEqual(changesOf(await play(go, '--check')), gone)
    assert.deepEqual(changesOf(await play(go)), gone)
  })

  it('a unit that does its work and ends is run each time', async () => {
    const content = JSON.stringify(
      '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo x >> /var/tmp/order"\n',
    )
    const book = steps(`- systemd: { unit: order-once, content: ${content}, state: started }`)
    const ends = [await play(book, '--check'), await play(book), await play(book)]
    assert.deepEqual(ends.flatMap(failuresOf), [])
    assert.deepEqual(
      ends.map((ended) => changesOf(ended).at(-1)),
      Array(3).fill(`${HOST}: start order-once.service`),
    )
    assert.equal(await look(HOST, 'cat /var/tmp/order'), 'x\nx\n')
  })

  it('a check refuses what the login user may not write, and units that there are not', async () => {
    const check = async (step: string) =>
      failuresOf(await play(steps(`- ${step}`).replace('become: true', 'become: false'), '--check'))
    const denied = (what: string) => [`${HOST}: can't ${what}: permission denied`]
    assert.deepEqual(
      await check('copy: { dest: /etc/order, content: x }'),
      denied('create /etc/order (0644, 1 bytes)'),
    )
    assert.deepEqual(
      await check('file: { path: /etc/a/b, state: directory }'),
      denied('create directory /etc/a/b (0755)'),
    )
    assert.deepEqual(await check('file: { path: /home/pi/a/b, state: directory }'), [])
    assert.deepEqual(await check('systemd: { unit: order-none, state: started }'), [
      `${HOST}: can't start order-none.service: there is no unit 'order-none.service'`,
    ])
  })

  it('a full disk is told where handlers are noted, too, and nothing is changed', async () => {
    const book = `${steps('- copy: { dest: /var/tmp/full, content: x }\n  notify: told')}  handlers:
    - { name: told, debug: { message: told } }\n`
    await fault(HOST, 'fill')
    try {
      const words = 'the list of pending handlers could not be written: no space left on device'
      assert.deepEqual(failuresOf(await play(book)), [`${HOST}: ${words}`])
      await look(HOST, 'test ! -e /var/tmp/full')
    } finally {
      await fault(HOST, 'empty')
    }
    const ended = await play(book)
    assert.deepEqual(
      [failuresOf(ended), stepsOf(ended)],
      [[], [`${HOST}: copy /var/tmp/full changed`, `${HOST}: told ok`]],
    )
  })

  it('a check refuses packages and versions that are not to be had, if the lists are fresh', async () => {
    await look(HOST, 'apt-get -q update >&2; dpkg --purge jq')
    const check = async (name: string, update = 1e9) =>
      failuresOf(await play(steps(`- package: { name: "${name}", update: ${update} }`), '--check'))
    assert.deepEqual(await check('order-none'), [
      `${HOST}: can't install order-none: Unable to locate package order-none`,
    ])
    assert.deepEqual(await check('jq=99*'), [
      `${HOST}: can't install jq=99*: Version '99*' for 'jq' was not found`,
    ])
    assert.deepEqual([await check('jq'), await check('order-none', 0)], [[], []])
  })

  it('a user who comes into a group in a step before may do what the group may', async () => {
    const book = steps(`
- group: { name: order-www }
- user: { name: order-deploy }
- file: { path: /srv/order, state: directory, group: order-www, mode: "2775" }
- command: { cmd: id -un, changes: false }
  become_user: order-deploy
- user: { name: order-deploy, groups: [order-www] }
- copy: { dest: /srv/order/a, content: a }
  become_user: order-deploy`)
    await look(HOST, 'userdel -r order-deploy; groupdel order-www; rm -rf /srv/order')
    assert.deepEqual(failuresOf(await play(book, '--check')), [])
    assert.deepEqual(failuresOf(await play(book)), [])
    assert.equal(await look(HOST, 'stat -c %U:%G /srv/order/a'), 'order-deploy:order-www\n')
  })
})
