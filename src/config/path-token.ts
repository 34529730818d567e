/** Environment variable that holds the bearer token of path services, which is not a setting. */
export const PATH_TOKEN_VARIABLE = 'NOVA_DPM_PATH_TOKEN';
