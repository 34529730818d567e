/** Environment variable that holds the bearer token of path services, which is not a setting. */
export const PATH_TOKEN_VARIABLE = 'NOVA_DPM_PATH_TOKEN';

/** Environment variable that holds the password of the server to boot from, which is not a setting. */
export const BOOT_PASSWORD_VARIABLE = 'NOVA_DPM_BOOT_PASSWORD';
