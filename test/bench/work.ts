import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'

/** Twelve steps as provision, Ansible and a shell script write them; they lead to the same state. */
export const ROOT = '/opt/bench'

/** The same for all of them; in ours names of tasks differ. */
const OURS = `- hosts: all
  become: true
  tasks:
    - file: { path: ${ROOT}, state: directory, mode: "0755" }
    - file: { path: ${ROOT}/scripts, state: directory, mode: "0750" }
    - copy: { dest: ${ROOT}/motd, content: "Welcome\\n", mode: "0644" }
    - copy: { dest: ${ROOT}/key, content: "none\\n", mode: "0600" }
    - template: { src: limits.j2, dest: ${ROOT}/limits, mode: "0644" }
    - line: { path: ${ROOT}/hosts, line: "::1 localhost", create: true, mode: "0644" }
    - line: { path: ${ROOT}/hosts, match: "^10.0.0.1 ", line: "10.0.0.1 gate" }
    - file: { path: ${ROOT}/link, state: link, target: ${ROOT}/motd }
    - file: { path: ${ROOT}/old, state: absent }
    - user: { name: bench, system: true, shell: /usr/sbin/nologin, create_home: false }
    - systemd: { name: ssh, state: started, enabled: true }
    - command: { cmd: "touch ${ROOT}/made", creates: ${ROOT}/made }
`

const ANSIBLE = `- hosts: all
  become: true
  gather_facts: false
  tasks:
    - file: { path: ${ROOT}, state: directory, mode: "0755" }
    - file: { path: ${ROOT}/scripts, state: directory, mode: "0750" }
    - copy: { dest: ${ROOT}/motd, content: "Welcome\\n", mode: "0644" }
    - copy: { dest: ${ROOT}/key, content: "none\\n", mode: "0600" }
    - template: { src: limits.j2, dest: ${ROOT}/limits, mode: "0644" }
    - lineinfile: { path: ${ROOT}/hosts, line: "::1 localhost", create: true, mode: "0644" }
    - lineinfile: { path: ${ROOT}/hosts, regexp: "^10.0.0.1 ", line: "10.0.0.1 gate" }
    - file: { src: ${ROOT}/motd, path: ${ROOT}/link, state: link }
    - file: { path: ${ROOT}/old, state: absent }
    - user: { name: bench, system: true, shell: /usr/sbin/nologin, create_home: false }
    - systemd: { name: ssh, state: started, enabled: true }
    - command: { cmd: "touch ${ROOT}/made", creates: ${ROOT}/made }
`

/** What somebody writes who trusts that nothing goes wrong. */
const SCRIPT = `set -e
d=${ROOT}
has() { [ "$(cat "$1" 2>/dev/null)" = "$2" ] || printf '%s\\n' "$2" >"$1"; }
[ -d $d ] || mkdir $d
[ "$(stat -c %a $d)" = 755 ] || chmod 755 $d
[ -d $d/scripts ] || mkdir $d/scripts
[ "$(stat -c %a $d/scripts)" = 750 ] || chmod 750 $d/scripts
has $d/motd Welcome
[ "$(stat -c %a $d/motd)" = 644 ] || chmod 644 $d/motd
has $d/key none
[ "$(stat -c %a $d/key)" = 600 ] || chmod 600 $d/key
has $d/limits "hard 1000
soft 10"
[ "$(stat -c %a $d/limits)" = 644 ] || chmod 644 $d/limits
grep -qsx '::1 localhost' $d/hosts || echo '::1 localhost' >>$d/hosts
grep -q '^10.0.0.1 ' $d/hosts || echo '10.0.0.1 gate' >>$d/hosts
[ "$(stat -c %a $d/hosts)" = 644 ] || chmod 644 $d/hosts
[ "$(readlink $d/link)" = $d/motd ] || ln -sfn $d/motd $d/link
[ ! -e $d/old ] || rm $d/old
getent passwd bench >/dev/null || useradd --system --shell /usr/sbin/nologin --no-create-home bench
systemctl -q is-enabled ssh || systemctl enable ssh
systemctl -q is-active ssh || systemctl start ssh
[ -e $d/made ] || touch $d/made
`

/** Takes everything away that the steps make. */
export const UNDO = `rm -rf ${ROOT}; getent passwd bench >/dev/null && userdel bench; :`

/** Says what the steps have made; the same on all hosts. */
export const STATE = `cd ${ROOT} && find . ! -name .tree -printf '%P %M %u %g %l\\n' | sort; cat motd key limits hosts; getent passwd bench | cut -d: -f1,6,7; systemctl is-enabled ssh; systemctl is-active ssh`

export interface Work {
  ours: string
  ansible: string
  script: string
}

export function writeWork(folder: string): Work {
  mkdirSync(folder, { recursive: true })
  const write = (name: string, text: string): string => {
    const file = path.join(folder, name)
    writeFileSync(file, text)
    return file
  }
  write('limits.j2', 'hard {{ 2 * 500 }}\nsoft 10\n')
  return {
    ours: write('ours.yaml', OURS),
    ansible: write('ansible.yaml', ANSIBLE),
    script: write('script.sh', SCRIPT),
  }
}
