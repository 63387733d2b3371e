import assert from 'node:assert/strict'
import { changesOf, failuresOf, look, playbook, provision, useSmallLab } from './small.ts'

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJvYmJ5Ym9iYnlib2JieWJvYmJ5Ym9iYnlib2Ji ann'

/** As somebody who comes from Ansible writes it. */
const ANSIBLE = `
- hosts: rpi02
  become: yes
  tasks:
    - name: Tools
      ansible.builtin.apt:
        name: "{{ tools }}"
        state: present
        update_cache: yes
        cache_valid_time: 86400
      when: ansible_os_family == "Debian"
    - group: name=deploy gid=1234
    - user: name=ann groups=adm,deploy append=yes shell=/bin/bash
    - authorized_key: { user: ann, key: "${KEY}" }
    - ansible.builtin.copy:
        dest: /etc/systemd/system/tick.service
        content: |
          [Service]
          ExecStart=/bin/sleep infinity
          [Install]
          WantedBy=multi-user.target
      notify: restart tick
    - service: name=tick state=started enabled=yes
    - lineinfile:
        path: /etc/ssh/sshd_config
        regexp: '^#?PermitRootLogin'
        line: PermitRootLogin no
        validate: /usr/sbin/sshd -t -f %s
    - ansible.posix.sysctl: { name: net.ipv4.ip_forward, value: "1", state: present, reload: yes }
    - stat: path=/srv/installed
      register: installed
    - shell: hostname > /srv/installed
      args: { creates: /srv/installed }
      when: not installed.stat.exists
  vars:
    tools: [tree]
  handlers:
    - name: restart tick
      systemd: name=tick state=restarted daemon_reload=yes
`

describe('a playbook in the words of Ansible on a real host', function () {
  this.timeout(180_000)
  useSmallLab()
  const run = (...words: string[]) => provision(...playbook(ANSIBLE, '--output', 'json', ...words))

  it('is planned, made as it says, and then settled', async () => {
    const checked = await run('--check')
    assert.deepEqual([failuresOf(checked), checked.code], [[], 2])
    const applied = await run()
    assert.deepEqual([failuresOf(applied), applied.code], [[], 0])
    assert.deepEqual(changesOf(applied), changesOf(checked))
    assert.equal(
      await look(
        'rpi02',
        'id -nG ann; getent group deploy; systemctl is-active tick; systemctl is-enabled tick; ' +
          'grep ^PermitRoot /etc/ssh/sshd_config; cat /srv/installed; cat ~ann/.ssh/authorized_keys; command -v tree',
      ),
      `ann adm deploy\ndeploy:x:1234:ann\nactive\nenabled\nPermitRootLogin no\nrpi02\n${KEY}\n/usr/bin/tree\n`,
    )
    const again = await run()
    assert.deepEqual([failuresOf(again), changesOf(again), again.code], [[], [], 0])
  })

  it('can be taken back', async () => {
    const text = `
- hosts: rpi02
  become: yes
  tasks:
    - systemd: name=tick state=stopped enabled=no
    - file: { path: "{{ item }}", state: absent }
      with_items: [/etc/systemd/system/tick.service, /srv/installed]
    - apt: name=tree state=absent
    - user: name=ann state=absent remove=yes
    - group: name=deploy state=absent
`
    const removed = await provision(...playbook(text, '--output', 'json'))
    assert.deepEqual([failuresOf(removed), removed.code], [[], 0])
    assert.equal(await look('rpi02', 'getent passwd ann; getent group deploy; ls /srv; :'), '')
  })
})
