/** Numbers that Kafka's protocol and JSON can hold: the readers of requests and the description share them. */
export const INT32_LIMIT = 2_147_483_647
export const REPLICAS_LIMIT = 32_767
export const PROPERTIES_LIMIT = 200
/** Of a name or a value: Kafka's protocol counts the bytes of a string in 16 bits. */
export const PROPERTY_LIMIT_BYTES = 32_767
/** Kafka's own rule, besides that a name is neither `.` nor `..`. */
export const TOPIC_CHARACTERS = 249
