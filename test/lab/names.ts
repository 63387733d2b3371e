/** Name of a lab of the tests' own; PROVISION_TEST_LABS tells those of several checkouts apart. */
export function testLab(suite?: string): string {
  const checkout = process.env.PROVISION_TEST_LABS || 'provision-test'
  return suite === undefined ? checkout : `${checkout}-${suite}`
}
