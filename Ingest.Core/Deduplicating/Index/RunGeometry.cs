namespace Ingest.Core.Deduplicating.Index;

/// <summary>
/// Where everything lies in a run file. It follows from five numbers, so a writer knows each offset before the first key comes, and a reader
/// from the trailer alone.
/// </summary>
/// <remarks>
/// The file is: filter pages, key blocks, directory pages, trailer. All but the last block and the last directory page are
/// <see cref="BlockBytes"/> long; with blocks of 4 KiB, filter pages and blocks lie on pages of the operating system. "Page" means any of the
/// three kinds, counted through from 0; each ends in its own checksum.
/// </remarks>
internal readonly struct RunGeometry
{
    /// <summary>Bytes of the checksum that ends each page.</summary>
    public const int ChecksumBytes = 8;

    /// <summary>Bytes of a key, and of a content.</summary>
    public const int KeyBytes = 16;

    public RunGeometry(long keys, int valueBytes, int blockBytes, int filterWords)
    {
        Keys = keys;
        ValueBytes = valueBytes;
        BlockBytes = blockBytes;
        FilterWords = filterWords;
        KeysPerBlock = (blockBytes - ChecksumBytes) / (KeyBytes + valueBytes);
        WordsPerPage = (blockBytes - ChecksumBytes) / sizeof(ulong);
        Blocks = (keys + KeysPerBlock - 1) / KeysPerBlock;
        BlocksPerFilterPage = filterWords == 0 ? 0 : WordsPerPage / filterWords;
        FilterPages = filterWords == 0 ? 0 : (Blocks + BlocksPerFilterPage - 1) / BlocksPerFilterPage;
        DirectoryPages = (Blocks + WordsPerPage - 1) / WordsPerPage;
    }

    public long Keys { get; }

    public int ValueBytes { get; }

    public int BlockBytes { get; }

    public int KeysPerBlock { get; }

    /// <summary>64-bit words of a full filter or directory page.</summary>
    public int WordsPerPage { get; }

    /// <summary>Filter words of each block; 0 when the run has no filter.</summary>
    public int FilterWords { get; }

    /// <summary>Blocks whose filter words stand in one filter page.</summary>
    public int BlocksPerFilterPage { get; }

    public long FilterPages { get; }

    public long Blocks { get; }

    public long DirectoryPages { get; }

    public long Pages => FilterPages + Blocks + DirectoryPages;

    public long TrailerOffset => PageOffset(Pages - 1) + PageBytes(Pages - 1);

    public long FileBytes => TrailerOffset + RunTrailer.Bytes;

    /// <summary>The geometry a writer of this build chooses.</summary>
    public static RunGeometry For(long keys, bool hasContents)
    {
        var valueBytes = hasContents ? KeyBytes : 0;
        const int wordsPerPage = (IndexSizes.BlockBytes - ChecksumBytes) / sizeof(ulong);
        var keysPerWord = keys < IndexSizes.WideFilterKeysMax ? IndexSizes.WideFilterKeysPerWord : IndexSizes.FilterKeysPerWord;
        // Rounded down: never more than the bits a key that the size limit allows.
        var filterWords = keys < IndexSizes.FilterKeysMin ? 0 : Math.Clamp((IndexSizes.BlockBytes - ChecksumBytes) / (KeyBytes + valueBytes) / keysPerWord, 1, wordsPerPage);
        return new RunGeometry(keys, valueBytes, IndexSizes.BlockBytes, filterWords);
    }

    public int KeysIn(long block) => (int)Math.Min(KeysPerBlock, Keys - (block * KeysPerBlock));

    public long PageOffset(long page)
    {
        var lastBlock = FilterPages + Blocks - 1;
        return page <= lastBlock
            ? page * BlockBytes
            : (lastBlock * BlockBytes) + PageBytes(lastBlock) + ((page - lastBlock - 1) * BlockBytes);
    }

    public int PageBytes(long page)
    {
        if (page < FilterPages) return BlockBytes;
        var block = page - FilterPages;
        if (block < Blocks - 1) return BlockBytes;
        if (block < Blocks) return (KeysIn(block) * (KeyBytes + ValueBytes)) + ChecksumBytes;
        var words = Blocks - ((block - Blocks) * WordsPerPage);
        return words >= WordsPerPage ? BlockBytes : ((int)words * sizeof(ulong)) + ChecksumBytes;
    }
}
