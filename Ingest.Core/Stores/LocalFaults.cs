using System.Runtime.InteropServices;

namespace Ingest.Core.Stores;

/// <summary>What the file system's errors allow a caller to do next.</summary>
internal static class LocalFaults
{
    /// <param name="error">errno.</param>
    /// <param name="otherwise">What an error that is neither a refusal nor a lack of room means at this point.</param>
    public static StoreFault Kind(int error, StoreFault otherwise) => error switch
    {
        Posix.NoSpace => StoreFault.Full,
        _ when error == Posix.QuotaExceeded => StoreFault.Full,
        Posix.AccessDenied or Posix.ReadOnly or Posix.NoPermission => StoreFault.Denied,
        _ => otherwise,
    };

    /// <summary>The store's exception for a failed file operation of .NET, which keeps errno in HResult for all but refusals.</summary>
    public static StoreException From(string doing, string path, Exception exception, StoreFault otherwise)
    {
        var kind = exception is UnauthorizedAccessException ? StoreFault.Denied : Kind(exception.HResult, otherwise);
        return new StoreException(kind, $"Cannot {doing} {path}: {exception.Message}{Remedy(kind)}", exception);
    }

    public static StoreException From(string doing, string path, int error, StoreFault otherwise)
    {
        var kind = Kind(error, otherwise);
        var reason = error == Posix.CrossDevice
            ? "the folder is on another file system than the pool's root, so nothing can be created in it atomically; mount one file system for the whole pool"
            : Marshal.GetPInvokeErrorMessage(error);
        return new StoreException(kind, $"Cannot {doing} {path}: {reason}.{Remedy(kind)}");
    }

    private static string Remedy(StoreFault kind) => kind switch
    {
        StoreFault.Full => " Make room on the disk or raise the quota; writing goes on by itself then.",
        StoreFault.Denied => " Give this user write permission or remount writable; writing goes on by itself then.",
        _ => "",
    };
}
