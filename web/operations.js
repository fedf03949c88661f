// The operations page: figures by the stream; refused events and replays when they are asked for.

import * as charts from './charts.js'
import { byId, element, navigation, number, table } from './dom.js'
import { contests, drifts, guards } from './models.js'
import { showRejects } from './rejects.js'
import { showReplays } from './replays.js'
import { listen, SILENT_MS } from './stream.js'

const seconds = (value) => (value === null || value === undefined ? '–' : `${number(value, 1)} s`)
const bytes = (value) => `${number(value / 2 ** 20, 1)} MB`
const ago = (now, then) => (then ? seconds(Math.max(0, Math.round((now - then) / 1000))) : '–')

let before = {} // worker to what it told a while ago: what it uses is the difference

function used({ worker, pid, cpu_seconds: cpu, written }) {
  const then = before[worker]
  const elapsed = then && then.pid === pid ? (written - then.written) / 1000 : 0
  const share = elapsed > 0 ? `${number(100 * (cpu - then.cpu) / elapsed, 0)} %` : '–'
  if (!then || then.pid !== pid || elapsed >= 5) before = { ...before, [worker]: { pid, cpu, written, share } }
  return elapsed > 0 ? share : then?.share ?? '–'
}

function drawTiles({ lag_ms: lag, parts, workers, checkpoint, time, site, namespace }) {
  const alive = workers.filter(({ written }) => time - written < SILENT_MS).length
  const texts = {
    where: `${site}, ${namespace}`,
    lag: lag === null ? 'unknown' : `${number(lag)} ms`,
    waiting: number(parts.reduce((sum, part) => sum + part.lag, 0)),
    alive: workers.length ? `${alive} of ${workers[0].workers}` : 'none',
    kept: checkpoint ? `${ago(time, checkpoint.time)} ago` : '–',
    length: checkpoint ? seconds(checkpoint.seconds) : '–',
    size: checkpoint ? bytes(checkpoint.size) : '–',
  }
  for (const [id, text] of Object.entries(texts)) byId(id).textContent = text
}

function drawTables({ workers, parts, models, time }) {
  const put = (id, made) => byId(id).replaceChildren(made)
  const listed = [...workers].sort((a, b) => a.worker - b.worker)
  put('workers', table(['worker', 'run', 'pid', 'up', 'CPU', 'memory, at most', 'heard'], listed.map((one) => (
    [String(one.worker), number(one.run), String(one.pid), ago(time, one.started), used(one), bytes(one.memory),
      time - one.written < SILENT_MS ? 'now' : `${ago(time, one.written)} ago`])), 'No worker was heard of: `headrace status` says what is away, and logs/worker-0.log why.'))
  put('parts', table(['partition', 'read up to', 'waiting', 'newest record', 'heard'], parts.map((part) => (
    [part.part, number(part.offset), number(part.lag), part.received ? `${ago(time, part.received)} ago` : 'none',
      `${ago(time, part.written)} ago`])), 'Nothing was read yet.'))
  put('guards', guards(models))
  put('contests', contests(models))
  put('drifts', drifts(models))
}

function draw(picture) {
  charts.add([picture.time, picture.events.ended, picture.answers, picture.lag_ms])
  drawTiles(picture)
  drawTables(picture)
}

navigation()
charts.draw([{ id: 'lags', lines: [charts.LINES.lag], unit: ' ms' }])
listen(draw, charts.begin)
showRejects()
showReplays()
