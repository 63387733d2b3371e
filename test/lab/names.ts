/** Name of a lab of the tests' own; PROVISION_TEST_LABS tells those of several checkouts apart. */
export function testLab(suite?: string): string {
  const checkout = process.env.PROVISION_TEST_LABS || 'provision-test'
  return suite === undefined ? checkout : `${checkout}-${suite}`
}

/** What a suite with a cluster runs against, for its title. */
export const KUBERNETES = process.env.PROVISION_K3S ? `k3s of ${process.env.PROVISION_K3S}` : 'simulated k3s'
