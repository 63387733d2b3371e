import assert from 'node:assert/strict'
import {
  changesOf,
  eventsOf,
  failuresOf,
  look,
  playbook,
  provision,
  stepsOf,
  useSmallLab,
  write,
} from './small.ts'

const PUBLIC_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJvYmJ5Ym9iYnlib2JieWJvYmJ5Ym9iYnlib2Ji laptop'

/** Every basic task once, in an order in which later steps build on earlier ones. */
const EVERYTHING = `
- name: Everything
  hosts: rpi01
  become: true
  vars:
    folder: /srv/box
  tasks:
    - file: { path: "{{ folder }}", state: directory, mode: "0750" }
    - copy: { dest: "{{ folder }}/plain", content: "first\\nsecond\\n", mode: "0640" }
      notify: count
    - copy: { dest: "{{ folder }}/sent", src: sent.txt }
    - template: { dest: "{{ folder }}/made", src: made.j2 }
    - line: { path: "{{ folder }}/list", line: second of two, create: true }
    - file: { path: "{{ folder }}/link", state: link, target: plain }
    - file: { path: /etc/motd, state: absent }
    - user: { name: keeper, groups: [adm], shell: /bin/bash, home: /srv/keeper }
    - authorized_key: { user: keeper, key: ${PUBLIC_KEY} }
    - hosts_file: { entries: { 192.0.2.7: [elsewhere, elsewhere.example] } }
    - hostname: { name: "{{ inventory_hostname }}" }
    - sysctl: { name: net.ipv4.ip_forward, value: 1 }
    - package: { name: [tree] }
    - systemd: { unit: box.service, content: "[Service]\\nExecStart=/bin/sleep infinity\\n[Install]\\nWantedBy=multi-user.target\\n", enabled: true, state: started }
    - command: { cmd: "echo once > {{ folder }}/marker", creates: "{{ folder }}/marker" }
    - command: { cmd: "wc -l < {{ folder }}/sent", changes: false }
      register: counted
    - set_fact: { values: { answer: "{{ inventory_hostname }} has {{ facts.os }}" } }
    - assert: { that: "{{ answer == 'rpi01 has debian' }}", message: "{{ answer }}" }
    - debug: { message: "{{ answer }}" }
    - wait_for: { port: 22 }
    - time_sync: {}
  handlers:
    - name: count
      file: { path: "{{ folder }}/handled", state: directory }
`

describe('every basic task on a real host', function () {
  this.timeout(180_000)
  useSmallLab()
  const run = (...words: string[]) => provision(...playbook(EVERYTHING, '--output', 'json', ...words))

  before(() => {
    write('files/sent.txt', 'one\ntwo\nthree\n')
    write('templates/made.j2', '{% for group in group_names %}{{ group }}\n{% endfor %}')
  })

  it('is planned in a check, made in the order of the plan, and then settled', async () => {
    const checked = await run('--check')
    assert.deepEqual([failuresOf(checked), checked.code], [[], 2])
    const applied = await run()
    assert.deepEqual([failuresOf(applied), applied.code], [[], 0])
    assert.deepEqual(changesOf(applied), changesOf(checked))
    const again = await run()
    assert.deepEqual([failuresOf(again), changesOf(again), again.code], [[], [], 0])
    const flights = eventsOf(again.events, 'run-end').map(({ roundTrips }) => roundTrips.rpi01)
    // One for everything that is known from the start, and one that needs the result of the first.
    assert(flights[0]! <= 2, `${flights[0]} round trips`)
  })

  it('has done what it says', async () => {
    assert.equal(await look('rpi01', 'stat -c %a:%U /srv/box /srv/box/plain'), '750:root\n640:root\n')
    assert.equal(
      await look('rpi01', 'cat /srv/box/link /srv/box/list /srv/box/sent'),
      'first\nsecond\nsecond of two\none\ntwo\nthree\n',
    )
    assert.match(await look('rpi01', 'cat /srv/box/made'), /^nodes$/m)
    assert.equal(await look('rpi01', 'test ! -e /etc/motd && test -d /srv/box/handled && echo yes'), 'yes\n')
    assert.match(
      await look('rpi01', 'id -nG keeper; getent passwd keeper'),
      /adm[^]*:\/srv\/keeper:\/bin\/bash/,
    )
    assert.equal(await look('rpi01', 'cat /srv/keeper/.ssh/authorized_keys'), `${PUBLIC_KEY}\n`)
    assert.equal(
      await look('rpi01', 'stat -c %a:%U /srv/keeper/.ssh /srv/keeper/.ssh/authorized_keys'),
      '700:keeper\n600:keeper\n',
    )
    assert.match(await look('rpi01', 'getent hosts elsewhere'), /^192\.0\.2\.7 /)
    assert.equal(await look('rpi01', 'cat /proc/sys/net/ipv4/ip_forward'), '1\n')
    assert.equal(
      await look('rpi01', 'systemctl is-enabled box; systemctl is-active box; command -v tree'),
      'enabled\nactive\n/usr/bin/tree\n',
    )
  })

  it('brings back what somebody changed by hand, and nothing else', async () => {
    await look('rpi01', 'systemctl stop box; chmod 600 /srv/box/plain; rm /srv/box/link')
    const repaired = await run()
    assert.equal(repaired.code, 0)
    assert.equal(changesOf(repaired).length, 3, changesOf(repaired).join('\n'))
  })

  it('acts as a user that a step before has created, and says who is missing', async () => {
    const text = `
- hosts: rpi02
  become: true
  tasks:
    - user: { name: late }
    - file: { path: /home/late/own, state: directory }
      become_user: late
    - command: { cmd: id -un }
      become_user: late
`
    const checked = await provision(...playbook(text, '--check', '--output', 'json'))
    const statuses = eventsOf(checked.events, 'step-end').map(({ status }) => status)
    assert.deepEqual([checked.code, statuses], [2, ['changed', 'unknown', 'changed']])
    const applied = await provision(...playbook(text, '--output', 'json'))
    assert.deepEqual([failuresOf(applied), applied.code], [[], 0])
    assert.equal(await look('rpi02', 'stat -c %U:%G /home/late/own'), 'late:late\n')

    const nobody = text.replace('user: { name: late }', 'file: { path: /opt/before, state: directory }')
    for (const mode of [['--check'], []]) {
      const refused = await provision(
        ...playbook(nobody.replaceAll('late', 'nobody-here'), ...mode, '--output', 'json'),
      )
      const failures = eventsOf(refused.events, 'step-end').map(({ failure }) => failure?.message)
      assert.deepEqual(failures, [undefined, "there is no user 'nobody-here' on rpi02"])
    }
  })

  it('restarts a host and waits until it is back', async () => {
    const before = await look('rpi02', 'cat /proc/sys/kernel/random/boot_id; uptime -s')
    const text =
      '- hosts: rpi02\n  become: true\n  tasks:\n    - reboot: {}\n    - command: { cmd: uptime -s, changes: false }\n'
    const restarted = await provision(...playbook(text, '--output', 'json'))
    assert.deepEqual([failuresOf(restarted), restarted.code], [[], 0])
    assert.equal(stepsOf(restarted).length, 2)
    assert.notEqual(await look('rpi02', 'cat /proc/sys/kernel/random/boot_id; uptime -s'), before)
  })

  it('does not believe that a service runs which ended at once or may not start here, and says why', async () => {
    const unit = (name: string, text: string, state: string): string => `
    - systemd: { unit: ${name}, content: ${JSON.stringify(text)}, state: ${state} }
      ignore_errors: true`
    const text = `
- hosts: rpi02
  become: true
  tasks:
${unit('wrong', "[Service]\nExecStart=/bin/sh -c 'echo no such setting; exit 7'\n", 'restarted')}
${unit('missing', '[Service]\nExecStart=/nowhere\nRestart=always\n', 'started')}
${unit('looping', '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 0.25\nRestart=always\nRestartSec=0\n', 'restarted')}
${unit('slow', '[Service]\nUser=root\nPAMName=slow\nExecStart=/bin/false\n', 'restarted')}
${unit('elsewhere', '[Unit]\nConditionPathExists=/nowhere\n[Service]\nExecStart=/bin/true\n', 'restarted')}
${unit('right', '[Service]\nExecStart=/bin/sleep infinity\n', 'started')}
`
    // Takes a second before the program itself begins.
    const pam = 'session required pam_exec.so /bin/sleep 1\\naccount required pam_permit.so'
    await look('rpi02', `echo '${pam}' > /etc/pam.d/slow`)
    const { events } = await provision(...playbook(text, '--output', 'json'))
    await look('rpi02', 'systemctl stop looping')
    const ends = eventsOf(events, 'step-end').map(({ failure }) => [failure?.code, failure?.stderr ?? ''])
    assert.deepEqual(
      ends.map(([code]) => code),
      [3, 3, 3, 3, 6, undefined],
    )
    assert.match(String(ends[0]?.[1]), /no such setting/)
    assert.match(String(ends[4]?.[1]), /unmet condition check \(ConditionPathExists=\/nowhere\)/)
  })

  it('starts what systemd has given up on as soon as it is mended', async () => {
    const unit = '[Unit]\nStartLimitIntervalSec=1h\n[Service]\nExecStart=/srv/tool infinity\nRestart=always\n'
    const text = `
- hosts: rpi02
  become: true
  tasks:
    - systemd: { unit: mended, content: ${JSON.stringify(unit)}, state: started }
`
    await look('rpi02', 'rm -f /srv/tool; systemctl stop mended 2>/dev/null; :')
    const broken = await provision(...playbook(text, '--output', 'json'))
    assert.equal(broken.code, 3)
    await look('rpi02', 'until systemctl is-failed -q mended; do sleep 0.1; done')
    await look('rpi02', 'ln -s /bin/sleep /srv/tool; ! systemctl start mended')
    const mended = await provision(...playbook(text, '--output', 'json'))
    assert.deepEqual([failuresOf(mended), mended.code], [[], 0])
    assert.equal(await look('rpi02', 'systemctl is-active mended; systemctl stop mended'), 'active\n')
  })

  it('removes again what it can make', async () => {
    const text = `
- hosts: rpi01
  become: true
  tasks:
    - systemd: { unit: box.service, state: stopped, enabled: false }
    - package: { name: tree, state: absent }
    - user: { name: keeper, state: absent }
    - line: { path: /srv/box/list, line: second of two, state: absent }
    - file: { path: /srv/box, state: absent, recurse: true }
`
    const removed = await provision(...playbook(text, '--output', 'json'))
    assert.deepEqual([failuresOf(removed), removed.code], [[], 0])
    const left = 'ls -d /srv/box /usr/bin/tree 2>/dev/null; getent passwd keeper; systemctl is-active box'
    assert.equal(await look('rpi01', `${left}; :`), 'inactive\n')
  })
})
