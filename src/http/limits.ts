/** Limits of Kafka's protocol, shared by the readers of requests and the descriptions. */
export const INT32_LIMIT = 2_147_483_647
export const REPLICAS_LIMIT = 32_767
export const PROPERTIES_LIMIT = 200
/** Of a name or a value: Kafka's protocol stores the length of a string in 16 bits. */
export const PROPERTY_LIMIT_BYTES = 32_767
/** Longest topic name. */
export const TOPIC_CHARACTERS = 249
