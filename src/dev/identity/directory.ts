/**
 * The applications of the local directory. Ids and secrets are fixed and public: the provider listens on loopback only, and
 * only the local gateway trusts it.
 */
export const TENANT_ID = '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0001'
export const GROUP_ID = '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0002'
/** The gateway's App ID URI. */
export const RESOURCE = 'api://kafka.example.com'
/** The resource that clients of HDInsight's proxy ask tokens for. Accepted too, so that they run unchanged. */
export const HDINSIGHT_RESOURCE = 'https://hib.azurehdinsight.net'

export interface Application {
  readonly clientId: string
  readonly clientSecret: string
  /** Id of its service principal: `oid` in its tokens. */
  readonly objectId: string
  /** Group memberships in the directory. */
  readonly groups: readonly string[]
  /** Whether its tokens carry the groups. If not, Graph is asked. */
  readonly groupsInToken: boolean
}

/** A member whose tokens carry `groups`. */
export const appWithGroups: Application = {
  clientId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0011',
  clientSecret: 'local-development-secret-1',
  objectId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0012',
  groups: [GROUP_ID],
  groupsInToken: true
}

/** A member whose tokens carry no `groups`, as those of Entra ID for its own resources. */
export const appWithoutGroups: Application = {
  clientId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0021',
  clientSecret: 'local-development-secret-2',
  objectId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0022',
  groups: [GROUP_ID],
  groupsInToken: false
}

/** An application in no group. */
export const outsider: Application = {
  clientId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0031',
  clientSecret: 'local-development-secret-3',
  objectId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0032',
  groups: [],
  groupsInToken: false
}

/** The gateway's application, which asks Graph. */
export const gatewayApp: Application = {
  clientId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0041',
  clientSecret: 'local-development-secret-4',
  objectId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0042',
  groups: [],
  groupsInToken: false
}

export const applications: readonly Application[] = [appWithGroups, appWithoutGroups, outsider, gatewayApp]
