import assert from 'node:assert/strict'
import { mayBeMade, needOf } from '../../src/probe/needs.ts'

describe('what earlier changes may make', () => {
  const writable = needOf('writable', '/srv/www/site')
  const cases: [string, ReturnType<typeof needOf>, string[], boolean][] = [
    ['a directory, by a file in it', needOf('directory', '/srv/www'), ['file:/srv/www/a'], true],
    ['a directory, by one around it', needOf('directory', '/srv/www'), ['file:/srv'], true],
    [
      'no directory beside',
      needOf('directory', '/srv/www'),
      ['file:/srv/wwwx/a', 'user:www', 'group:www'],
      false,
    ],
    ['the right to write, by another owner of what is around', writable, ['file:/srv/www'], true],
    ['the right to write, by coming into a group', writable, ['user:deploy'], true],
    ['no right to write, by another file', writable, ['file:/srv/other', 'file:/srv/www/site/a'], false],
    ['a group, with the user of that name', needOf('group', 'www'), ['user:www'], true],
    ['no other group', needOf('group', 'www'), ['user:deploy', 'group:adm', 'file:/etc/group'], false],
    ['a unit, by its file', needOf('unit', 'x@1.service'), ['file:/etc/systemd/system/x@.service'], true],
    ['no unit, by another file', needOf('unit', 'x.service'), ['file:/etc/x.conf'], false],
    ['anything, by what does more than it says', needOf('unit', 'x.service'), ['package:x'], true],
  ]
  for (const [title, need, keys, may] of cases) it(title, () => assert.equal(mayBeMade(need, keys), may))
})
