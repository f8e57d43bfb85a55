/**
 * Who there is in the local directory. The ids and secrets are fixed and known to everybody: the provider listens on
 * loopback only, and nothing else trusts it.
 */
export const TENANT_ID = '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0001'
export const GROUP_ID = '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0002'
/** The gateway's App ID URI. */
export const RESOURCE = 'api://kafka.example.com'
/** What clients of HDInsight's proxy ask tokens for. Accepted here too, so that they run unchanged. */
export const HDINSIGHT_RESOURCE = 'https://hib.azurehdinsight.net'

export interface Application {
  readonly clientId: string
  readonly clientSecret: string
  /** Of its service principal: `oid` of its tokens. */
  readonly objectId: string
  /** Group memberships in the directory. */
  readonly groups: readonly string[]
  /** Do its tokens carry them? Where not, Graph has to be asked. */
  readonly groupsInToken: boolean
}

/** Its tokens carry `groups`. */
export const appWithGroups: Application = {
  clientId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0011',
  clientSecret: 'local-development-secret-1',
  objectId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0012',
  groups: [GROUP_ID],
  groupsInToken: true
}

/** A member too, but its tokens carry no `groups`, as those of Entra ID for its own resources do not. */
export const appWithoutGroups: Application = {
  clientId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0021',
  clientSecret: 'local-development-secret-2',
  objectId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0022',
  groups: [GROUP_ID],
  groupsInToken: false
}

/** Known, but in no group. */
export const outsider: Application = {
  clientId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0031',
  clientSecret: 'local-development-secret-3',
  objectId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0032',
  groups: [],
  groupsInToken: false
}

/** The gateway's own application, which asks Graph. */
export const gatewayApp: Application = {
  clientId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0041',
  clientSecret: 'local-development-secret-4',
  objectId: '7c1d5a52-3f0e-4b1a-9d55-2f6f4f1c0042',
  groups: [],
  groupsInToken: false
}

export const applications: readonly Application[] = [appWithGroups, appWithoutGroups, outsider, gatewayApp]
