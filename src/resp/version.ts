/**
 * The release of Redis whose protocol and texts this server follows. Client libraries choose
 * features by it. The version of this program is another thing and comes from the environment.
 */
export const REDIS_VERSION = '7.0.15';
