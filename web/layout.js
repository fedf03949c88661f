// Places for the nodes of a small graph, by the forces of Fruchterman and Reingold (1991): all push
// each other away, links pull. The first node stays in the middle. No chance in it: the same graph,
// the same picture.

const ROUNDS = 300
const WIDE = 2 // a label is wider than it is high, so sideways distance counts for less

// `nodes` are names; `links` have `from`, `to` and `strength` of 0 to 1. Gives [x, y] of -1 to 1 each.
export function layout(nodes, links) {
  const spot = 1 / Math.sqrt(nodes.length || 1)
  const places = nodes.map((_, at) => (at ? [Math.cos(2.4 * at) * Math.sqrt(at) * spot, Math.sin(2.4 * at) * Math.sqrt(at) * spot] : [0, 0]))
  const index = new Map(nodes.map((name, at) => [name, at]))
  const pulls = links.map(({ from, to, strength }) => [index.get(from), index.get(to), 0.3 + strength])
  for (let round = 0; round < ROUNDS; round += 1) {
    const moves = nodes.map(() => [0, 0])
    const push = (a, b, force, dx, dy) => {
      moves[a][0] += dx * force
      moves[a][1] += dy * force
      moves[b][0] -= dx * force
      moves[b][1] -= dy * force
    }
    for (let a = 0; a < nodes.length; a += 1) {
      for (let b = a + 1; b < nodes.length; b += 1) {
        const [dx, dy] = [places[a][0] - places[b][0], places[a][1] - places[b][1]]
        push(a, b, spot ** 2 / Math.max((dx / WIDE) ** 2 + dy ** 2, 1e-4), dx, dy)
      }
    }
    for (const [a, b, strength] of pulls) {
      const [dx, dy] = [places[a][0] - places[b][0], places[a][1] - places[b][1]]
      push(a, b, -strength * Math.hypot(dx, dy) / spot, dx, dy)
    }
    const step = 0.1 * (1 - round / ROUNDS) // cools down
    moves.forEach(([dx, dy], at) => {
      const length = Math.hypot(dx, dy)
      if (!at || !length) return
      places[at][0] += dx / length * Math.min(length, step)
      places[at][1] += dy / length * Math.min(length, step)
    })
  }
  // As large as there is room, each way by itself.
  const most = [0, 1].map((way) => Math.max(...places.map((place) => Math.abs(place[way])), 1e-6))
  return new Map(nodes.map((name, at) => [name, places[at].map((value, way) => value / most[way])]))
}
