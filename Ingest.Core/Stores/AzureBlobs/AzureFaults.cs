using System.Net;
using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;

namespace Ingest.Core.Stores.AzureBlobs;

/// <summary>What the blob service's answers, or their absence, allow a caller to do next.</summary>
internal static class AzureFaults
{
    public static ServiceFaults Rules { get; } = new()
    {
        IsOne = IsOne,
        IsMissing = IsMissing,
        IsTaken = IsTaken,
        Kind = Kind,
        Reason = Reason,
        WhenDenied = _ => "Create the container, and give the worker's identity the role Storage Blob Data Contributor on it",
    };

    private static bool IsOne(Exception exception) =>
        exception is RequestFailedException or AuthenticationFailedException or AggregateException or HttpRequestException or IOException and not StoreException;

    private static bool IsMissing(Exception exception) =>
        exception is RequestFailedException { Status: (int)HttpStatusCode.NotFound } missing && missing.ErrorCode != BlobErrorCode.ContainerNotFound;

    /// <summary>409 for one request, 412 for a list of blocks.</summary>
    private static bool IsTaken(Exception exception) => exception is RequestFailedException refused
        && (refused.ErrorCode == BlobErrorCode.BlobAlreadyExists || refused.Status == (int)HttpStatusCode.PreconditionFailed);

    private static StoreFault Kind(Exception exception, StoreFault silence) => exception switch
    {
        AuthenticationFailedException => StoreFault.Denied,
        RequestFailedException answer when answer.ErrorCode == BlobErrorCode.ContainerNotFound || answer.ErrorCode == BlobErrorCode.ContainerDisabled => StoreFault.Denied,
        RequestFailedException { Status: (int)HttpStatusCode.Unauthorized or (int)HttpStatusCode.Forbidden } => StoreFault.Denied,
        RequestFailedException { Status: (int)HttpStatusCode.InsufficientStorage } => StoreFault.Full,

        // Answered before anything was done: throttled ("ServerBusy"), in conflict with another request, or not understood.
        RequestFailedException { Status: (int)HttpStatusCode.ServiceUnavailable } => StoreFault.Transient,
        RequestFailedException { Status: >= 400 and < 500 } => StoreFault.Transient,
        _ => silence,
    };

    private static string Reason(Exception exception) => exception switch
    {
        RequestFailedException { Status: > 0 } answer => $"{answer.Status} {answer.ErrorCode}: {FirstLine(answer.Message)}",
        _ => FirstLine(exception.Message),
    };

    /// <summary>The SDK's messages carry all headers of the answer behind the first line.</summary>
    private static string FirstLine(string text) => text.AsSpan().IndexOfAny('\r', '\n') is >= 0 and var end ? text[..end] : text;
}
