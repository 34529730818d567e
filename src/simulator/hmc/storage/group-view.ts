import type { HmcContext } from '../context.ts';
import type { Props } from '../model/json.ts';
import type { Resource } from '../model/model.ts';

/** All properties of a storage group, as Get Storage Group Properties shows them. */
export function storageGroupView({ model }: HmcContext, group: Resource): Props {
  return {
    ...group.props,
    'storage-volume-uris': model.childrenOf(group, 'storage-volume').map(({ uri }) => uri),
    'virtual-storage-resource-uris': model.childrenOf(group, 'virtual-storage-resource').map(({ uri }) => uri),
  };
}
