/** @jsxImportSource react */
import { Box, Text } from 'ink';
import type { ReactNode } from 'react';

interface Props {
  readonly title: string;
  readonly isActive: boolean;
  readonly width: number;
  readonly height: number;
  readonly children: ReactNode;
}

/** A frame with a title; the one that the keys go to stands out. */
export function Panel({ title, isActive, width, height, children }: Props) {
  return (
    <Box
      flexDirection="column"
      borderStyle={isActive ? 'bold' : 'single'}
      borderColor={isActive ? 'magenta' : 'gray'}
      paddingX={1}
      width={width}
      height={height}
      overflow="hidden"
    >
      <Box flexShrink={0}>
        <Text bold wrap="truncate">
          {title}
        </Text>
      </Box>
      {children}
    </Box>
  );
}
